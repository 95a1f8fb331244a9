//! Threads that walk segments of a capture ahead of the one that takes them in.
//!
//! A capture is cut into segments of a fixed size. One thread, the leader, goes through them in order and alone touches
//! the analysis; the others walk the segments that come next. Where the leader finds that nobody has begun with the
//! next one, it observes that one itself; where somebody is at it, the leader walks another meanwhile. What was walked
//! is taken in where the records before it ended exactly where it began; else the leader reads that segment itself.
//! So the answer does not depend on threads, segments or luck: only the time does.

use std::ops::Range;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use hashbrown::HashMap;

use crate::analysis::{Analysis, Walked, Walker};
use crate::capture::{Capture, SegmentReader, Segments};

/// How the work is split.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Split {
    /// How many threads there are to be.
    pub threads: usize,
    /// Bytes of a segment, at least 1.
    pub segment: u64,
}

/// A segment's packets have to stay in the cache until they are taken in, and its bytes while they are walked.
const SEGMENT: u64 = 512 * 1024;

impl Split {
    /// One thread.
    pub const NONE: Self = Self { threads: 1, segment: SEGMENT };

    /// `threads` threads; as many as there are cores at hand where that is not said.
    #[must_use]
    pub fn over(threads: Option<usize>) -> Self {
        let cores = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self { threads: threads.unwrap_or_else(cores), ..Self::NONE }
    }
}

/// Segments walked ahead of the leader, for each thread.
const AHEAD: u64 = 3;
/// A capture of fewer segments is read alone.
const FEWEST: u64 = 4;
/// No more threads than this pay: what the leader does alone then takes longer than what they do.
const MOST_THREADS: usize = 64;

/// A segment that was walked.
pub(super) struct Part {
    /// From where to where its records go.
    pub(super) range: Range<u64>,
    pub(super) walked: Walked,
}

/// What the leader does next.
pub(super) struct Turn {
    /// Where the segment ends.
    pub(super) end: u64,
    /// What it came to, where that is known and proven.
    pub(super) part: Option<Part>,
}

/// A capture that is read in segments.
struct Job {
    /// Its number in the run.
    capture: usize,
    segments: Segments,
    /// Bytes of a segment.
    segment: u64,
    /// Segments from this one on are left to the leader: they may end early.
    end: u64,
}

impl Job {
    fn range(&self, number: u64) -> Range<u64> {
        number * self.segment..(number + 1) * self.segment
    }
}

#[derive(Default)]
struct Plan {
    job: Option<Arc<Job>>,
    /// The segment that the leader is at.
    leader: u64,
    /// The next one that nobody has begun with.
    next: u64,
    /// What was walked, by segment; without a range where that failed.
    walked: HashMap<u64, (Option<Range<u64>>, Walked)>,
    /// What is of no use any more but for what the analysis is to hear of it.
    stale: Vec<Walked>,
    free: Vec<Walked>,
    over: bool,
}

struct Shared {
    plan: Mutex<Plan>,
    changed: Condvar,
    ahead: u64,
}

impl Shared {
    fn plan(&self) -> MutexGuard<'_, Plan> {
        // A thread that panics ends the scope, and with it the run: nobody goes on with what it left.
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, plan: MutexGuard<'a, Plan>) -> MutexGuard<'a, Plan> {
        self.changed.wait(plan).unwrap_or_else(PoisonError::into_inner)
    }
}

impl Plan {
    /// Something to walk, if there is any that is not too far ahead.
    fn claim(&mut self, ahead: u64) -> Option<Claim> {
        let job = Arc::clone(self.job.as_ref()?);
        let number = self.next;
        if number >= job.end || number > self.leader + ahead {
            return None;
        }
        self.next += 1;
        Some(Claim { job, number, walked: self.spare() })
    }

    fn put(&mut self, claim: Claim, range: Option<Range<u64>>) {
        let is_current = self.job.as_ref().is_some_and(|job| Arc::ptr_eq(job, &claim.job));
        if is_current && claim.number >= self.leader {
            self.walked.insert(claim.number, (range, claim.walked));
        } else {
            self.stale.push(claim.walked);
        }
    }

    fn is_about(&self, capture: usize, state: u64) -> bool {
        self.job.as_ref().is_some_and(|job| job.capture == capture && job.segments.state() == state)
    }

    /// Begins with another capture, or with the same one in another state.
    fn begin(&mut self, job: Job, leader: u64) {
        self.stale.extend(self.walked.drain().map(|(_, (_, walked))| walked));
        self.job = Some(Arc::new(job));
        self.next = leader;
    }

    /// The leader is at segment `number`.
    fn lead(&mut self, number: u64) {
        self.leader = number;
        let passed = self.walked.extract_if(|walked, _| *walked < number);
        self.stale.extend(passed.map(|(_, (_, walked))| walked));
    }

    fn spare(&mut self) -> Walked {
        self.free.pop().unwrap_or_default()
    }
}

/// A segment that somebody walks.
struct Claim {
    job: Arc<Job>,
    number: u64,
    walked: Walked,
}

/// One who walks segments.
struct Worker {
    walker: Walker,
    reader: Option<(Arc<Job>, SegmentReader)>,
}

impl Worker {
    fn walk(&mut self, claim: &mut Claim) -> Option<Range<u64>> {
        let is_same = |(job, _): &(Arc<Job>, SegmentReader)| Arc::ptr_eq(job, &claim.job);
        if !self.reader.as_ref().is_some_and(is_same) {
            self.reader = Some((Arc::clone(&claim.job), claim.job.segments.reader()));
        }
        let (_, reader) = self.reader.as_mut()?;
        let (walker, walked) = (&mut self.walker, &mut claim.walked);
        walker.begin(walked);
        reader.read(claim.job.range(claim.number), &mut |frame| walker.walk(&frame, walked))
    }

    /// Walks whatever there is, until the crew is let go.
    fn work(&mut self, shared: &Shared) {
        let mut plan = shared.plan();
        while !plan.over {
            let Some(mut claim) = plan.claim(shared.ahead) else {
                plan = shared.wait(plan);
                continue;
            };
            drop(plan);
            let range = self.walk(&mut claim);
            plan = shared.plan();
            plan.put(claim, range);
            shared.changed.notify_all();
        }
    }
}

/// Tells the leader when a thread panics, who would wait for it for ever.
struct Watch<'a>(&'a Shared);

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.plan().over = true;
            self.0.changed.notify_all();
        }
    }
}

/// The threads of a run, in the leader's hands. They begin when there is something to do for them.
pub(super) struct Crew {
    split: Split,
    hired: Option<Hired>,
}

struct Hired {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
    /// What the leader walks with.
    worker: Worker,
}

impl Crew {
    pub(super) fn new(split: Split) -> Self {
        Self { split, hired: None }
    }

    /// How many threads there may be, the leader among them.
    pub(super) fn threads(&self) -> usize {
        self.split.threads
    }

    /// What the leader does next, who is in capture number `capture`, of `size` bytes; `None` where it goes on alone.
    pub(super) fn turn(
        &mut self,
        (capture, open): (usize, &Capture),
        size: u64,
        analysis: &mut Analysis,
    ) -> Option<Turn> {
        let Split { threads, segment } = self.split;
        let position = open.position()?;
        if threads < 2 || size / segment < FEWEST {
            return None;
        }
        let hired = self.hired.get_or_insert_with(|| Hired::new(threads.min(MOST_THREADS), analysis));
        let number = position / segment;
        {
            let mut plan = hired.shared.plan();
            if !plan.is_about(capture, open.state()) {
                let segments = open.segments()?;
                plan.begin(Job { capture, segments, segment, end: size / segment }, number);
            }
            plan.lead(number);
            hired.shared.changed.notify_all();
        }
        let part = match hired.walked(number, analysis)? {
            (Some(range), walked) if range.start == position => Some(Part { range, walked }),
            (_, walked) => {
                self.done(walked, analysis);
                None
            }
        };
        Some(Turn { end: (number + 1) * segment, part })
    }

    /// Takes back what was walked, once it is of no more use.
    pub(super) fn done(&mut self, walked: Walked, analysis: &mut Analysis) {
        analysis.hear_of(&walked);
        if let Some(hired) = &self.hired {
            hired.shared.plan().free.push(walked);
        }
    }
}

impl Hired {
    fn new(threads: usize, analysis: &mut Analysis) -> Self {
        let shared = Arc::new(Shared {
            plan: Mutex::default(),
            changed: Condvar::new(),
            ahead: AHEAD * threads as u64,
        });
        let mut hired =
            Self { shared, threads: Vec::new(), worker: Worker { walker: analysis.walker(), reader: None } };
        for _ in 1..threads {
            let (shared, mut worker) =
                (Arc::clone(&hired.shared), Worker { walker: analysis.walker(), reader: None });
            let started = std::thread::Builder::new().spawn(move || {
                let _watch = Watch(&shared);
                worker.work(&shared);
            });
            // Where there can be no more threads, those that there are do the work.
            hired.threads.extend(started.ok());
        }
        hired
    }

    /// What segment `number` came to; nothing where nobody has begun with it, or somebody never will be ready.
    fn walked(&mut self, number: u64, analysis: &mut Analysis) -> Option<(Option<Range<u64>>, Walked)> {
        let shared = &*self.shared;
        let mut plan = shared.plan();
        if plan.next <= number {
            plan.next = number + 1;
            return Some((None, plan.spare()));
        }
        loop {
            for walked in std::mem::take(&mut plan.stale) {
                analysis.hear_of(&walked);
                plan.free.push(walked);
            }
            if let Some(found) = plan.walked.remove(&number) {
                return Some(found);
            }
            if plan.over {
                return None;
            }
            plan = if let Some(mut claim) = plan.claim(shared.ahead) {
                drop(plan);
                let range = self.worker.walk(&mut claim);
                let mut plan = shared.plan();
                plan.put(claim, range);
                plan
            } else {
                shared.wait(plan)
            };
        }
    }
}

impl Drop for Hired {
    fn drop(&mut self) {
        self.shared.plan().over = true;
        self.shared.changed.notify_all();
        for thread in self.threads.drain(..) {
            // One that panicked has said so; what it was to walk, the leader read.
            let _ = thread.join();
        }
    }
}
