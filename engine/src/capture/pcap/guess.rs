//! Where records start in the middle of a pcap: nothing marks them, but one leads to the next.

use super::super::number::u32_at;
use super::RECORD_HEADER_LEN;

/// So many records in a row are taken for records.
const CHAIN: usize = 5;
/// Records in a row are no farther apart than this, in seconds.
const NEAR: u32 = 24 * 60 * 60;

/// The first place in `bytes`, before `until`, where a chain of records seems to start. A record holds at most `limit`
/// bytes, and the fraction of a time is below `second`.
pub(super) fn first<const BIG: bool>(bytes: &[u8], until: usize, limit: u32, second: u32) -> Option<usize> {
    let chain = Chain { bytes, limit, second };
    (0..until).find(|at| chain.starts_at::<BIG>(*at))
}

struct Chain<'a> {
    bytes: &'a [u8],
    limit: u32,
    second: u32,
}

impl Chain<'_> {
    /// Whether records follow each other from `start` on, as far as the bytes go.
    #[inline]
    fn starts_at<const BIG: bool>(&self, start: usize) -> bool {
        let mut at = start;
        let mut before = None;
        for links in 0..CHAIN {
            let Some(head) = self.bytes.get(at..).and_then(|rest| rest.first_chunk::<RECORD_HEADER_LEN>())
            else {
                return links > 0;
            };
            let field = |at| u32_at::<BIG, RECORD_HEADER_LEN>(head, at);
            let (seconds, fraction, captured, original) = (field(0), field(4), field(8), field(12));
            let is_near = before.is_none_or(|before: u32| before.abs_diff(seconds) <= NEAR);
            if captured == 0
                || captured > self.limit
                || captured > original
                || fraction >= self.second
                || !is_near
            {
                return false;
            }
            before = Some(seconds);
            at += RECORD_HEADER_LEN + captured as usize;
        }
        true
    }
}
