//! The layout of the memory, and the selection of reference blocks.

use crate::params::SLICES;
use crate::{Algorithm, Params, Version};

/// The division of the memory of one hash into lanes, slices and segments.
#[derive(Debug)]
pub(crate) struct Geometry {
    algorithm: Algorithm,
    version: Version,
    passes: u32,
    lanes: usize,
    segment_length: usize,
}

impl Geometry {
    pub(crate) const fn new(algorithm: Algorithm, version: Version, params: &Params) -> Self {
        Self {
            algorithm,
            version,
            passes: params.t_cost(),
            lanes: params.lanes(),
            segment_length: params.segment_length(),
        }
    }

    pub(crate) const fn passes(&self) -> u32 {
        self.passes
    }

    /// Number of blocks in a lane.
    pub(crate) const fn lane_length(&self) -> usize {
        self.segment_length * SLICES
    }
}

/// One slice of one pass: one segment of every lane, between two synchronization points.
#[derive(Debug)]
pub(crate) struct Slice<'geometry> {
    geometry: &'geometry Geometry,
    pass: u32,
    number: usize,
    /// Number of blocks at the start of each segment that are already filled.
    pub(super) filled: usize,
    /// Whether addresses are data-independent.
    pub(super) is_independent: bool,
    /// Whether new blocks are XORed into those of the last pass.
    pub(super) keeps: bool,
    /// Number of filled blocks of a lane outside this slice, which may be references.
    finished: usize,
    /// The index of the oldest of them in its lane.
    oldest: usize,
}

impl<'geometry> Slice<'geometry> {
    pub(super) const fn new(geometry: &'geometry Geometry, pass: u32, number: usize) -> Self {
        let is_first_pass = pass == 0;
        let is_independent = match geometry.algorithm {
            Algorithm::Argon2d => false,
            Algorithm::Argon2i => true,
            Algorithm::Argon2id => is_first_pass && number < SLICES / 2,
        };
        let (finished, oldest) = if is_first_pass {
            (number * geometry.segment_length, 0)
        } else {
            let next = (number + 1) % SLICES;
            ((SLICES - 1) * geometry.segment_length, next * geometry.segment_length)
        };
        Self {
            geometry,
            pass,
            number,
            filled: if is_first_pass && number == 0 { 2 } else { 0 },
            is_independent,
            keeps: !is_first_pass && matches!(geometry.version, Version::V0x13),
            finished,
            oldest,
        }
    }

    pub(super) const fn lanes(&self) -> usize {
        self.geometry.lanes
    }

    pub(super) const fn segment_length(&self) -> usize {
        self.geometry.segment_length
    }

    /// Returns the index in the memory of a block of the segment of `lane`.
    pub(super) const fn index(&self, lane: usize, block: usize) -> usize {
        lane * self.geometry.lane_length() + self.number * self.geometry.segment_length + block
    }

    /// Returns the index in the memory of the previous block of the lane, with wraparound.
    pub(super) const fn previous(&self, lane: usize, block: usize) -> usize {
        let index = self.index(lane, block);
        if self.number == 0 && block == 0 {
            index + self.geometry.lane_length() - 1
        } else {
            index - 1
        }
    }

    /// Returns the input of data-independent addresses (section 3.4.1.2) without the counter, which
    /// is the next word.
    pub(super) const fn address_input(&self, lane: usize) -> [u64; 6] {
        [
            self.pass as u64,
            lane as u64,
            self.number as u64,
            (self.geometry.lanes * self.geometry.lane_length()) as u64,
            self.geometry.passes as u64,
            self.geometry.algorithm as u64,
        ]
    }

    /// Returns the index in the memory of the reference block that `random` selects for a block of
    /// the segment of `lane` (section 3.4.2).
    #[inline(always)]
    pub(super) const fn reference(&self, random: u64, lane: usize, block: usize) -> usize {
        let is_same_lane = self.geometry.lanes == 1 || (self.pass == 0 && self.number == 0);
        let chosen = if is_same_lane {
            lane
        } else {
            ((random >> 32) % self.geometry.lanes as u64) as usize
        };
        let area = if chosen == lane {
            self.finished + block - 1
        } else if block == 0 {
            self.finished - 1
        } else {
            self.finished
        };
        let low = random & 0xFFFF_FFFF;
        let skewed = (area as u64 * ((low * low) >> 32)) >> 32;
        let in_lane = self.oldest + area - 1 - skewed as usize;
        let lane_length = self.geometry.lane_length();
        let wrapped = if in_lane >= lane_length { in_lane - lane_length } else { in_lane };
        chosen * lane_length + wrapped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every possible reference block is filled, is not in a segment that another lane is filling,
    /// and is neither the previous nor the current block.
    #[test]
    fn reference_blocks_are_filled_and_disjoint() {
        for (memory, lanes) in [(8, 1), (19, 1), (16, 2), (61, 3), (100, 4)] {
            let params = Params::new(memory, 2, lanes, None).unwrap();
            let geometry = Geometry::new(Algorithm::Argon2d, Version::V0x13, &params);
            let randoms = [0, 1, 1 << 16, 1 << 31, 0xFFFF_FFFE, 0xFFFF_FFFF];
            for (pass, number) in [(0, 0), (0, 1), (0, 2), (0, 3), (1, 0), (1, 1), (1, 2), (1, 3)] {
                let slice = Slice::new(&geometry, pass, number);
                for lane in 0..geometry.lanes {
                    for block in slice.filled..slice.segment_length() {
                        for other in 0..geometry.lanes as u64 {
                            for low in randoms {
                                check(&geometry, &slice, other << 32 | low, lane, block);
                            }
                        }
                    }
                }
            }
        }
    }

    fn check(geometry: &Geometry, slice: &Slice<'_>, random: u64, lane: usize, block: usize) {
        let index = slice.reference(random, lane, block);
        let (chosen, at) = (index / geometry.lane_length(), index % geometry.lane_length());
        let now = slice.number * slice.segment_length();
        let is_in_slice = (now..now + slice.segment_length()).contains(&at);
        assert_ne!(index, slice.index(lane, block));
        assert_ne!(index, slice.previous(lane, block));
        if is_in_slice {
            assert!(chosen == lane && at < now + block, "{slice:?} {random:#x} {lane} {block}");
        }
        assert!(slice.pass > 0 || at < now + block, "{slice:?} {random:#x} {lane} {block}");
    }
}
