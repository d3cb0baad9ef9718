//! A reader over bytes that may be cut anywhere: every read answers `None` at the end instead of panicking.
//!
//! Used for tables that no crate of ours reads (exception tables, packed relocations).

/// A position in a slice.
#[derive(Clone, Copy)]
pub(super) struct Cursor<'a> {
    bytes: &'a [u8],
    pub(super) position: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(bytes: &'a [u8], position: usize) -> Self {
        Self { bytes, position }
    }

    pub(super) fn byte(&mut self) -> Option<u8> {
        let byte = *self.bytes.get(self.position)?;
        self.position += 1;
        Some(byte)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let end = self.position.checked_add(N)?;
        let array = self.bytes.get(self.position..end)?.try_into().ok()?;
        self.position = end;
        Some(array)
    }

    /// Unsigned LEB128; more than 64 bits are an error.
    pub(super) fn unsigned(&mut self) -> Option<u64> {
        let (mut value, mut shift) = (0u64, 0u32);
        loop {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f).checked_shl(shift)?;
            if byte & 0x80 == 0 {
                return Some(value);
            }
            shift += 7;
        }
    }

    /// Signed LEB128; more than 64 bits are an error.
    pub(super) fn signed(&mut self) -> Option<i64> {
        let (mut value, mut shift) = (0i64, 0u32);
        loop {
            let byte = self.byte()?;
            value |= i64::from(byte & 0x7f).checked_shl(shift)?;
            shift += 7;
            if byte & 0x80 != 0 {
                continue;
            }
            if byte & 0x40 != 0 && shift < 64 {
                value |= -1i64 << shift;
            }
            return Some(value);
        }
    }

    /// A value in one of the `DW_EH_PE` formats (low four bits of the encoding, absolute only).
    pub(super) fn encoded(&mut self, encoding: u8) -> Option<u64> {
        Some(match encoding {
            0x01 => self.unsigned()?,
            0x02 => u64::from(u16::from_le_bytes(self.array()?)),
            0x03 => u64::from(u32::from_le_bytes(self.array()?)),
            0x00 | 0x04 => u64::from_le_bytes(self.array()?),
            0x0b => i64::from(i32::from_le_bytes(self.array()?)).cast_unsigned(),
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Cursor;

    #[test]
    fn leb128_is_read_and_a_cut_one_is_nothing() {
        assert_eq!(Cursor::new(&[0xe5, 0x8e, 0x26], 0).unsigned(), Some(624_485));
        assert_eq!(Cursor::new(&[0x7f], 0).signed(), Some(-1));
        assert_eq!(Cursor::new(&[0x80], 0).unsigned(), None);
        assert_eq!(Cursor::new(&[0xff; 64], 0).unsigned(), None);
    }
}
