//! What stops a run.

use std::io;

/// Why a capture could not be read, or not read on.
#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    /// The operating system said no.
    #[error("{name}: {source}")]
    Io {
        /// The capture, as the user named it.
        name: String,
        /// What the system answered.
        source: io::Error,
    },
    /// The first bytes belong to no capture format that is known.
    #[error("{name}: at byte 0: expected a pcap or pcapng capture, found {found}")]
    NotACapture {
        /// The capture, as the user named it.
        name: String,
        /// What the bytes look like.
        found: String,
    },
    /// The format is known, and this version of it is not.
    #[error("{name}: at byte {offset}: expected {expected}, found {found}")]
    UnknownVersion {
        /// The capture, as the user named it.
        name: String,
        /// Where the version stands.
        offset: u64,
        /// The version that can be read.
        expected: String,
        /// The version that stands there.
        found: String,
    },
    /// The capture breaks off or breaks its own format.
    #[error("{name}: {damage}")]
    Damaged {
        /// The capture, as the user named it.
        name: String,
        /// Where and how.
        damage: Damage,
    },
}

/// Why a run that writes could not go on.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// What it reads.
    #[error(transparent)]
    Capture(#[from] CaptureError),
    /// What it writes.
    #[error(transparent)]
    Output(#[from] io::Error),
}

/// A place where a capture breaks its own format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("at byte {offset}: expected {expected}, found {found}")]
pub struct Damage {
    /// Where, in bytes from the start of the (decompressed) capture.
    pub offset: u64,
    /// What the format asks for there.
    pub expected: String,
    /// What stands there.
    pub found: String,
    /// Whether the whole input counts as unusable (exit code 2) even though frames came before it.
    pub fatal: bool,
}
