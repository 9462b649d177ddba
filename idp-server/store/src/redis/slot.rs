//! Which slot of a Redis Cluster a key belongs to.

/// The slots of a cluster (Redis Cluster specification, "Key distribution model").
pub(super) const SLOTS: u16 = 16384;

/// The slot of a key: CRC-16/XMODEM of it, modulo [`SLOTS`]. Our keys hold no braces, so the
/// specification's hash tags never apply; [`super::settings`] refuses a prefix with one.
pub(super) fn slot(key: &str) -> u16 {
    crc16(key.as_bytes()) % SLOTS
}

fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ (u16::from(*byte) << 8), |crc: u16, _| {
            let shifted = crc << 1;
            if crc & 0x8000 == 0 {
                shifted
            } else {
                shifted ^ 0x1021
            }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_value_of_the_specification() {
        assert_eq!(crc16(b"123456789"), 0x31C3);
        assert_eq!(slot("foo"), 12182);
        assert_eq!(slot(""), 0);
    }
}
