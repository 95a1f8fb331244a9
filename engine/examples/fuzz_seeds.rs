//! Writes the seeds of each target: `fuzz_seeds FOLDER [CAPTURES]...`, where `CAPTURES` are folders of more captures.

#[path = "../tests/craft/mod.rs"]
mod craft;
#[path = "../tests/fuzz_support/mod.rs"]
mod fuzz_support;

use std::path::{Path, PathBuf};
use std::{env, fs, io};

use fuzz_support::{captures, seeds, seeds_of};

fn main() -> io::Result<()> {
    let mut words = env::args().skip(1);
    let folder = PathBuf::from(words.next().unwrap_or_else(|| "corpus".to_owned()));
    let more: Vec<PathBuf> = words.flat_map(|folder| captures(Path::new(&folder))).collect();
    for target in ["container", "frame", "merge", "filter"] {
        let folder = folder.join(target);
        fs::create_dir_all(&folder)?;
        let seeds = seeds(target).into_iter().chain(seeds_of(target, &more));
        for (number, seed) in seeds.enumerate() {
            fs::write(folder.join(format!("seed-{number:05}")), seed)?;
        }
    }
    Ok(())
}
