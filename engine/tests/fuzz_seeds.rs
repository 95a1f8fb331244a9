//! What `make fuzz` runs for hours, for some seconds: each target over its seeds, and over what is made of them.

mod craft;
mod fuzz_support;
mod fuzzed;

use std::time::{Duration, Instant};

use fuzz_support::{Mutator, seeds};

/// So long each target runs.
const TIME: Duration = Duration::from_secs(2);

fn run(name: &str) {
    let (_, target) = fuzzed::ALL.into_iter().find(|(it, _)| *it == name).expect("a target");
    let seeds = seeds(name);
    assert!(seeds.len() > 5, "{name} has {} seeds", seeds.len());
    for seed in &seeds {
        target(seed);
    }
    let (mut mutator, begin) = (Mutator::new(seeds), Instant::now());
    while begin.elapsed() < TIME {
        target(&mutator.next());
    }
}

#[test]
fn container() {
    run("container");
}

#[test]
fn frame() {
    run("frame");
}

#[test]
fn merge() {
    run("merge");
}

#[test]
fn filter() {
    run("filter");
}
