//! How TCP connections went, in the names of Zeek's `conn_state`.

use crate::cells::{End, Trace};

/// One side of a connection.
#[derive(Clone, Copy)]
pub(super) struct Party {
    /// What it did.
    pub(super) trace: Trace,
    /// Whether it sent anything at all.
    pub(super) sent: bool,
}

/// What one side of a connection came to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// It sent nothing.
    Inactive,
    /// It sent something, and neither SYN, FIN nor RST.
    Partial,
    SynSent,
    SynAckSent,
    Established,
    Closed,
    Reset,
}

impl State {
    fn of(party: Party, peer: Party) -> Self {
        match party.trace.end() {
            End::Reset => return State::Reset,
            End::Closed => return State::Closed,
            End::Open => {}
        }
        let (syn, syn_ack) = (party.trace.sent_syn(), party.trace.sent_syn_ack());
        if (syn && peer.trace.sent_syn_ack()) || (syn_ack && peer.trace.sent_syn()) {
            State::Established
        } else if syn {
            State::SynSent
        } else if syn_ack {
            State::SynAckSent
        } else if party.sent {
            State::Partial
        } else {
            State::Inactive
        }
    }

    fn is_inactive(self) -> bool {
        matches!(self, State::Inactive | State::Partial)
    }
}

/// Zeek's names, decided in Zeek's order (its documentation of `conn_state`).
pub(super) fn conn_state(forward: Party, reverse: Party) -> &'static str {
    let (originator, responder) = (State::of(forward, reverse), State::of(reverse, forward));
    let no_data = !(forward.trace.sent_data() || reverse.trace.sent_data());
    match (originator, responder) {
        (State::SynSent | State::SynAckSent, State::Reset) => "REJ",
        (State::Reset, State::Reset) if no_data => "REJ",
        (o, State::Reset) => {
            if o.is_inactive() {
                "RSTRH"
            } else {
                "RSTR"
            }
        }
        (State::Reset, r) => {
            if r.is_inactive() {
                "RSTOS0"
            } else {
                "RSTO"
            }
        }
        (State::Closed, State::Closed) => "SF",
        (State::Closed, r) => {
            if r.is_inactive() {
                "SH"
            } else {
                "S2"
            }
        }
        (o, State::Closed) => {
            if o.is_inactive() {
                "SHR"
            } else {
                "S3"
            }
        }
        (State::SynSent, State::Inactive) => "S0",
        (State::Established, State::Established) => "S1",
        _ => "OTH",
    }
}
