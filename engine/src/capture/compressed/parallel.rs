//! Members of compressed data decoded side by side, and handed over in their order.
//!
//! Where one cannot be decoded, or nothing tells where the next one begins, all from there on is given back: one decoder
//! that goes on alone comes to what it would have come to without this, the words of an error included.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread::{Builder, scope};

use super::members::Members;
use super::{Decode, decoder};
use crate::capture::facts::Compression;
use crate::capture::source::Input;

/// More threads do not pay: one takes in what they decode.
const MOST_THREADS: usize = 4;
/// Members that come to more bytes than this together are not decoded by themselves.
const MOST_OUTPUT: usize = 16 << 20;
/// Room for output is made so many bytes at a time.
const ROOM: usize = 256 * 1024;

/// What is decoded, and how many bytes of the buffer that are.
type Output = Option<(Vec<u8>, usize)>;

/// Members to decode.
struct Job {
    raw: Vec<u8>,
    output: Vec<u8>,
    reply: SyncSender<(Vec<u8>, Output)>,
}

/// Members that are being decoded.
type Decoding = Receiver<(Vec<u8>, Output)>;

/// Decodes what members can be told apart, `head` first, which begins with one and was read from `input` already. `each`
/// is handed what they come to, a buffer with so many bytes in it, and how much of the input that took, and says whether it
/// wants more. Gives back what is to be decoded from there on; `None` where nothing more is wanted.
pub(in crate::capture) fn decode_members(
    (compression, head): (Compression, &[u8]),
    input: &mut Input,
    threads: usize,
    spare: &Receiver<Vec<u8>>,
    mut each: impl FnMut(Vec<u8>, usize, u64) -> bool,
) -> Option<Vec<u8>> {
    let mut read = input.bytes() - head.len() as u64;
    let Some(mut members) = Members::new(compression, head) else {
        return Some(head.to_vec());
    };
    let (jobs, queue) = channel();
    let queue = Mutex::new(queue);
    scope(|scope| {
        // They end when there is nobody who has work for them.
        let jobs: Sender<Job> = jobs;
        let start = |_: &usize| Builder::new().spawn_scoped(scope, || work(&queue, compression)).is_ok();
        let hands = (0..threads.min(MOST_THREADS)).filter(start).count();
        if hands == 0 {
            return Some(members.into_rest());
        }
        let mut decoding: VecDeque<Decoding> = VecDeque::new();
        loop {
            while decoding.len() < hands + 2
                && let Some(raw) = members.gather(input)
            {
                let (reply, answer) = sync_channel(1);
                let output = spare.try_recv().unwrap_or_default();
                // Somebody takes it: they all live as long as `jobs`.
                let _ = jobs.send(Job { raw, output, reply });
                decoding.push_back(answer);
            }
            let Some(answer) = decoding.pop_front() else {
                return Some(members.into_rest());
            };
            match answer.recv() {
                Ok((raw, Some((output, len)))) => {
                    read += raw.len() as u64;
                    if !each(output, len, read) {
                        return None;
                    }
                }
                Ok((raw, None)) => return Some(all_from(raw, decoding, members)),
                Err(_) => return None,
            }
        }
    })
}

/// What comes from the members `raw` on, as it was read.
fn all_from(mut raw: Vec<u8>, decoding: VecDeque<Decoding>, members: Members) -> Vec<u8> {
    for answer in decoding {
        raw.extend(answer.recv().unwrap_or_default().0);
    }
    raw.extend(members.into_rest());
    raw
}

/// Decodes what there is.
fn work(queue: &Mutex<Receiver<Job>>, compression: Compression) {
    let mut at_work = decoder(compression, false).ok();
    loop {
        // One waits, and the others for its place.
        let job = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Job { raw, output, reply }) = job else { return };
        let output = at_work.as_mut().and_then(|decoder| decode(&mut **decoder, &raw, output));
        if output.is_none() {
            // It stands in the middle of something. All that comes now will be decoded elsewhere.
            at_work = None;
        }
        // Nobody waits for it where the capture is not wanted any more.
        let _ = reply.send((raw, output));
    }
}

/// Decodes whole members; nothing where they are damaged, or come to more than may be held.
fn decode(decoder: &mut dyn Decode, raw: &[u8], mut output: Vec<u8>) -> Output {
    let (mut read, mut len) = (0, 0);
    loop {
        if output.len() < len + ROOM / 2 {
            output.resize(len + ROOM, 0);
        }
        let (input, room) = (raw.get(read..)?, output.get_mut(len..)?);
        let decoded = decoder.decode(input, room);
        let is_full = decoded.written == room.len();
        read += decoded.read;
        len += decoded.written;
        if decoded.fault.is_some() || len > MOST_OUTPUT {
            return None;
        }
        if read == raw.len() && !is_full {
            return decoder.is_between().then_some((output, len));
        }
        if decoded.read == 0 && decoded.written == 0 {
            return None;
        }
    }
}
