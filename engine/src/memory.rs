//! The one place with `unsafe`: what the table of cells asks of processor and kernel. Both are hints.
//!
//! A batch of packets touches as many cells, each a cache miss in a large table. Fetched ahead they overlap; one
//! after the other they are what the program waits for. And each miss in a table of small pages is a walk over the
//! page table too, which huge pages save.
#![allow(unsafe_code)]

/// Asks for the cache line that holds the start of `value`. Does nothing where there is no such instruction.
#[inline(always)]
pub(crate) fn prefetch<T>(value: &T) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a prefetch neither faults nor changes memory, and a reference is a valid address besides.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(value).cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = value;
}

/// Asks for huge pages under all that `memory` has room for. Does nothing where the kernel has none.
pub(crate) fn prefer_huge_pages<T>(memory: &Vec<T>) {
    #[cfg(target_os = "linux")]
    {
        const PAGE: usize = 4096;
        let start = memory.as_ptr() as usize;
        let first_page = start.next_multiple_of(PAGE);
        let len = (start + memory.capacity() * size_of::<T>()).saturating_sub(first_page);
        // SAFETY: the pages lie within the vector's own allocation, and this advice changes no content.
        unsafe {
            libc::madvise(first_page as *mut libc::c_void, len, libc::MADV_HUGEPAGE);
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = memory;
}
