//! Captures of other projects, where they are at hand: the variable `VXINSPECT_EXTERNAL` names the folder
//! that holds `hostile/` and `captures/`.

mod capture_support;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

fn external() -> Option<PathBuf> {
    env::var_os("VXINSPECT_EXTERNAL").map(PathBuf::from)
}

fn files(folder: &Path, extensions: &[&str]) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            let extension = path.extension().and_then(|it| it.to_str()).unwrap_or_default();
            extensions.contains(&extension)
        })
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{}", folder.display());
    files
}

/// The packet blocks that a description lists.
fn packets(description: &str) -> usize {
    description
        .lines()
        .filter_map(|line| line.trim().split_once(": "))
        .filter(|(block, _)| matches!(*block, "EPB" | "SPB" | "PB" | "OPB"))
        .map(|(_, count)| count.trim().parse::<usize>().unwrap())
        .sum()
}

#[test]
fn conformance_files_hold_the_packets_their_descriptions_list() {
    let Some(external) = external() else { return };
    let folder = external.join("hostile/pcapng-test-generator");
    for order in ["output_be", "output_le"] {
        for path in files(&folder.join(order), &["pcapng"]) {
            let description = fs::read_to_string(path.with_extension("txt")).unwrap();
            let bytes = fs::read(&path).unwrap();
            let run = capture_support::read(&bytes).unwrap();
            assert_eq!(run.frames.len(), packets(&description), "{}", path.display());
            assert!(run.facts.complete, "{}", path.display());
            let pieces = capture_support::read_in_pieces(&bytes, &[1, 5]).unwrap();
            assert_eq!(pieces.essence(), run.essence());
        }
    }
}

/// Rows of a table in tabs, as (file, `column`).
fn column(table: &str, column: &str) -> Vec<(String, String)> {
    let mut lines = table.lines().map(|line| line.split('\t').collect::<Vec<_>>());
    let head = lines.next().unwrap();
    let at = head.iter().position(|name| *name == column).unwrap();
    lines.map(|row| (row[0].to_owned(), row[at].to_owned())).collect()
}

#[test]
fn hostile_captures_hold_the_frames_that_tshark_counts() {
    let Some(external) = external() else { return };
    let folder = external.join("hostile");
    let index = fs::read_to_string(folder.join("INDEX.tsv")).unwrap();
    for (file, frames) in column(&index, "tshark_frames") {
        // tshark 4.0 counts Custom Blocks as frames; the conformance files' descriptions do not.
        if file.starts_with("pcapng-test-generator/output") {
            continue;
        }
        let bytes = fs::read(folder.join(&file)).unwrap();
        let run = capture_support::read(&bytes).unwrap();
        assert_eq!(run.frames.len().to_string(), frames, "{file}");
    }
}

#[test]
fn published_captures_hold_the_frames_that_tshark_counts() {
    let Some(external) = external() else { return };
    let folder = external.join("captures");
    let index = fs::read_to_string(folder.join("INDEX.tsv")).unwrap();
    for (file, frames) in column(&index, "frames") {
        let bytes = fs::read(folder.join(&file)).unwrap();
        let run = capture_support::read(&bytes).unwrap();
        assert_eq!(run.frames.len().to_string(), frames, "{file}");
        assert!(run.facts.complete, "{file}");
    }
}
