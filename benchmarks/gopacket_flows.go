// gopacket_flows: what a careful Go programmer writes with gopacket: no copy of a packet, layers decoded into
// the same structs each time, one table of flows with the VNI in the key. A peer for the benchmark.
//
//	gopacket_flows CAPTURE
//
// Prints one line of JSON: seconds from opening the capture to the last frame, frames, VXLAN packets, flows.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"
)

type key struct {
	vni                 uint32
	source, destination [4]byte
	ports               uint32
	protocol            layers.IPProtocol
}

type flow struct {
	packets, bytes uint64
	first, last    time.Time
}

type walk struct {
	ethernet layers.Ethernet
	ip       layers.IPv4
	tcp      layers.TCP
	udp      layers.UDP
	vxlan    layers.VXLAN
	payload  gopacket.Payload
}

// The inner layers are decoded over the outer ones: what is in `w` at the end is the innermost of each.
func (w *walk) key(decoded []gopacket.LayerType) (key, bool) {
	isVxlan := false
	for _, layer := range decoded {
		isVxlan = isVxlan || layer == layers.LayerTypeVXLAN
	}
	if !isVxlan {
		return key{}, false
	}
	k := key{vni: w.vxlan.VNI, protocol: w.ip.Protocol}
	copy(k.source[:], w.ip.SrcIP)
	copy(k.destination[:], w.ip.DstIP)
	switch w.ip.Protocol {
	case layers.IPProtocolTCP:
		k.ports = uint32(w.tcp.SrcPort)<<16 | uint32(w.tcp.DstPort)
	case layers.IPProtocolUDP:
		k.ports = uint32(w.udp.SrcPort)<<16 | uint32(w.udp.DstPort)
	}
	return k, true
}

func run(path string) error {
	start := time.Now()
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	reader, err := pcapgo.NewReader(bufio.NewReaderSize(file, 256<<10))
	if err != nil {
		return err
	}
	var w walk
	parser := gopacket.NewDecodingLayerParser(layers.LayerTypeEthernet,
		&w.ethernet, &w.ip, &w.tcp, &w.udp, &w.vxlan, &w.payload)
	parser.IgnoreUnsupported = true
	flows := make(map[key]*flow)
	decoded := make([]gopacket.LayerType, 0, 16)
	var frames, vxlan uint64
	for {
		data, info, err := reader.ZeroCopyReadPacketData()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		frames++
		if err := parser.DecodeLayers(data, &decoded); err != nil {
			continue
		}
		k, isVxlan := w.key(decoded)
		if !isVxlan {
			continue
		}
		vxlan++
		f := flows[k]
		if f == nil {
			f = &flow{first: info.Timestamp}
			flows[k] = f
		}
		f.packets++
		f.bytes += uint64(len(w.ethernet.Contents) + len(w.ethernet.Payload))
		f.last = info.Timestamp
	}
	fmt.Printf(`{"seconds": %.6f, "frames": %d, "vxlan": %d, "flows": %d}`+"\n",
		time.Since(start).Seconds(), frames, vxlan, len(flows))
	return nil
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: gopacket_flows CAPTURE")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "gopacket_flows:", err)
		os.Exit(2)
	}
}
