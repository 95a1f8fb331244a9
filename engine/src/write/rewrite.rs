//! A run that writes frames which it makes from those it reads.

use std::io;
use std::ops::ControlFlow;

use super::output::{Output, Written};
use crate::capture::LinkType;
use crate::error::RunError;
use crate::scan::Monitor;
use crate::stream::{Seen, Stream};

/// What is made of each frame.
pub trait Job {
    /// Takes the next frame inside the time window.
    fn take(&mut self, seen: &Seen<'_>, output: &mut Output) -> io::Result<()>;

    /// There are no more.
    fn end(&mut self, output: &mut Output) -> io::Result<()>;
}

/// Reads to the end. What waits to be read takes its time where the input is no file, and then all that came before is
/// written first. A capture that got no frame is one of `link`.
pub fn run(
    stream: &mut Stream,
    job: &mut dyn Job,
    mut output: Output,
    link: LinkType,
    monitor: &mut dyn Monitor,
) -> Result<Written, RunError> {
    loop {
        let mut failed = None;
        let more = stream.step(monitor, &mut |seen| match job.take(seen, &mut output) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                failed = Some(error);
                ControlFlow::Break(())
            }
        })?;
        if let Some(error) = failed {
            return Err(error.into());
        }
        if !more {
            break;
        }
        if stream.is_live() {
            output.hand_on()?;
        }
    }
    job.end(&mut output)?;
    Ok(output.finish(link, monitor)?)
}
