//! Flows that are over are handed out and forgotten, so that a capture without end is read in memory that has one.

use super::Analysis;
use crate::capture::NO_TIME;
use crate::cells::Cells;
use crate::views::flows::{self, FlowRow};

/// When to look for flows that are over: by the capture's clock alone, so that the same capture gives the same rows.
#[derive(Debug, Clone, Copy)]
pub struct Ageing {
    /// A flow is over once nothing came for so long, in nanoseconds.
    silence: i64,
    /// The latest time; [`NO_TIME`] before any.
    latest: i64,
    next: i64,
}

impl Ageing {
    /// For flows that end after a `silence` of so many nanoseconds.
    #[must_use]
    pub fn new(silence: i64) -> Self {
        Self { silence, latest: NO_TIME, next: NO_TIME }
    }

    /// Takes in the time of a frame. Now and then the answer is a time: what had no packet since then is over. A flow
    /// waits for that at the most half as long again as it has to be silent.
    #[inline]
    pub fn tick(&mut self, time: i64) -> Option<i64> {
        if time == NO_TIME {
            return None;
        }
        let stepped_back = time < self.latest.saturating_sub(self.silence);
        if self.latest == NO_TIME || stepped_back {
            (self.latest, self.next) = (time, time.saturating_add(self.silence));
        }
        self.latest = self.latest.max(time);
        if self.latest < self.next {
            return None;
        }
        self.next = self.latest.saturating_add(self.silence / 2);
        Some(self.latest.saturating_sub(self.silence))
    }
}

impl Analysis {
    /// How many packets were selected, those of flows that were handed out included.
    #[must_use]
    pub fn selected(&self) -> u64 {
        self.retired + self.cells.iter().map(|cell| cell.packets).sum::<u64>()
    }

    /// Takes the flows without a packet since then out of the cells, and with them what is in no flow. Hands over the
    /// flows' rows, in the order of their first packets, with the cells that they are of. With `across_vnis` a flow is one
    /// whatever its VNI.
    pub fn retire<E>(
        &mut self,
        since: i64,
        across_vnis: bool,
        mut each: impl FnMut(&FlowRow, &Cells) -> Result<(), E>,
    ) -> Result<(), E> {
        self.flush();
        let stay = self.cells.active(since, across_vnis);
        if stay.iter().all(|stays| *stays) {
            return Ok(());
        }
        let packets = self.cells.iter().zip(&stay).map(|(cell, stays)| if *stays { 0 } else { cell.packets });
        self.retired += packets.sum::<u64>();
        for row in flows::ended(&self.cells, across_vnis, |id| !stay[id as usize]) {
            each(&row, &self.cells)?;
        }
        let (cells, numbers) =
            self.cells.retained(&stay, self.settings.max_flows, &self.pieces.waiting_cells());
        self.cells = cells;
        self.pieces.renumber(&numbers);
        // A piece that a datagram repeats once its flow is over is charged to nobody.
        self.fragments.renumber(&numbers);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Looked at every half of the silence, from the first packet on, by the latest time.
    #[test]
    fn looks_by_the_capture_s_clock() {
        let mut ageing = Ageing::new(10);
        let told: Vec<_> = [100, 105, 109, 112, 113, 111, 117].map(|time| ageing.tick(time)).into();
        assert_eq!(told, [None, None, None, Some(102), None, None, Some(107)]);
        assert_eq!(ageing.tick(NO_TIME), None);
    }

    /// A clock that is set back, as after one frame from the far future, begins anew.
    #[test]
    fn a_clock_that_steps_back() {
        let mut ageing = Ageing::new(10);
        let told = [100, i64::MAX, 100, 105, 111].map(|time| ageing.tick(time));
        assert_eq!(told, [None, Some(i64::MAX - 10), None, None, Some(101)]);
    }
}
