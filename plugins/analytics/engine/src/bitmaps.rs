//! Bitmaps that are made at once.

use roaring::RoaringBitmap;

/// What bitmaps begin with in their format of bytes, where no container has runs.
const COOKIE: u32 = 12_346;
/// A container with more values has a bit for each that there can be.
const ARRAY_MOST: usize = 4_096;
const BITS_BYTES: usize = 8_192;

/// Makes bitmaps of values in order, each once.
///
/// They are written in the format of bytes of bitmaps (<https://github.com/RoaringBitmap/RoaringFormatSpec>),
/// which is read a container at a time; to add values one after another takes several times as long,
/// and leaves room that nothing fills.
#[derive(Debug, Default)]
pub struct Maker {
    bytes: Vec<u8>,
}

impl Maker {
    /// The bitmap of some values.
    pub fn make(&mut self, sorted: &[u32]) -> RoaringBitmap {
        self.write(sorted);
        RoaringBitmap::deserialize_from(self.bytes.as_slice()).unwrap_or_else(|_| sorted.iter().copied().collect())
    }

    fn write(&mut self, sorted: &[u32]) {
        let containers = || sorted.chunk_by(|one, next| one >> 16 == next >> 16);
        let count = containers().count() as u32;
        self.bytes.clear();
        self.bytes.extend([COOKIE, count].map(u32::to_le_bytes).as_flattened());
        for values in containers() {
            let key = values.first().map_or(0, |value| value >> 16) as u16;
            self.bytes.extend([key, (values.len() - 1) as u16].map(u16::to_le_bytes).as_flattened());
        }
        let mut offset = self.bytes.len() as u32 + count * 4;
        for values in containers() {
            self.bytes.extend(offset.to_le_bytes());
            offset += if values.len() > ARRAY_MOST { BITS_BYTES } else { values.len() * 2 } as u32;
        }
        for values in containers() {
            if values.len() > ARRAY_MOST {
                let begin = self.bytes.len();
                self.bytes.resize(begin + BITS_BYTES, 0);
                let bits = self.bytes.get_mut(begin..).unwrap_or_default();
                for value in values {
                    let at = *value as u16;
                    if let Some(byte) = bits.get_mut(usize::from(at / 8)) {
                        *byte |= 1 << (at % 8);
                    }
                }
            } else {
                self.bytes.extend(values.iter().flat_map(|value| (*value as u16).to_le_bytes()));
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use rand::rngs::StdRng;
    use rand::{Rng, SeedableRng};

    use super::*;

    /// What is read of what was written: what `make` falls back to must not hide mistakes.
    fn made(maker: &mut Maker, values: &RoaringBitmap) -> RoaringBitmap {
        let sorted: Vec<u32> = values.iter().collect();
        maker.write(&sorted);
        let read = RoaringBitmap::deserialize_from(maker.bytes.as_slice()).unwrap();
        assert_eq!(maker.bytes.len(), values.serialized_size());
        assert_eq!(read, maker.make(&sorted));
        read
    }

    #[test]
    fn what_is_made_at_once_is_what_was_added_one_by_one() {
        let seed: u64 = rand::random();
        println!("seed {seed}");
        let (mut random, mut maker) = (StdRng::seed_from_u64(seed), Maker::default());
        for _ in 0..60 {
            let mut values = RoaringBitmap::new();
            for _ in 0..random.random_range(0..4) {
                let (from, span) = (random.random_range(0..400_000), random.random_range(1..200_000));
                values.extend((0..random.random_range(0..20_000)).map(|_| from + random.random_range(0..span)));
            }
            assert_eq!(made(&mut maker, &values), values);
        }
    }

    #[test]
    fn containers_may_be_full_empty_or_the_last() {
        let most = (0..ARRAY_MOST as u32).map(|n| n * 3);
        for values in [
            RoaringBitmap::new(),
            RoaringBitmap::from_iter([0, 65_535, 65_536, u32::MAX]),
            most.clone().collect(),
            most.chain([20_000]).collect(),
            (65_536..131_072).step_by(1).collect(),
        ] {
            assert_eq!(made(&mut Maker::default(), &values), values);
        }
    }

    #[test]
    fn values_out_of_order_are_there_too() {
        assert_eq!(Maker::default().make(&[5, 3, 70_000, 4]), RoaringBitmap::from_iter([3, 4, 5, 70_000]));
    }
}
