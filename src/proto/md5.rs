//! MD5 (RFC 1321), for APOP alone: it has long been broken, and serves nothing else here.

/// The constants of RFC 1321 3.4: the integer part of 2^32 times |sin(i)|, i from 1.
const TABLE: [u32; 64] = [
    0xd76a_a478,
    0xe8c7_b756,
    0x2420_70db,
    0xc1bd_ceee,
    0xf57c_0faf,
    0x4787_c62a,
    0xa830_4613,
    0xfd46_9501,
    0x6980_98d8,
    0x8b44_f7af,
    0xffff_5bb1,
    0x895c_d7be,
    0x6b90_1122,
    0xfd98_7193,
    0xa679_438e,
    0x49b4_0821,
    0xf61e_2562,
    0xc040_b340,
    0x265e_5a51,
    0xe9b6_c7aa,
    0xd62f_105d,
    0x0244_1453,
    0xd8a1_e681,
    0xe7d3_fbc8,
    0x21e1_cde6,
    0xc337_07d6,
    0xf4d5_0d87,
    0x455a_14ed,
    0xa9e3_e905,
    0xfcef_a3f8,
    0x676f_02d9,
    0x8d2a_4c8a,
    0xfffa_3942,
    0x8771_f681,
    0x6d9d_6122,
    0xfde5_380c,
    0xa4be_ea44,
    0x4bde_cfa9,
    0xf6bb_4b60,
    0xbebf_bc70,
    0x289b_7ec6,
    0xeaa1_27fa,
    0xd4ef_3085,
    0x0488_1d05,
    0xd9d4_d039,
    0xe6db_99e5,
    0x1fa2_7cf8,
    0xc4ac_5665,
    0xf429_2244,
    0x432a_ff97,
    0xab94_23a7,
    0xfc93_a039,
    0x655b_59c3,
    0x8f0c_cc92,
    0xffef_f47d,
    0x8584_5dd1,
    0x6fa8_7e4f,
    0xfe2c_e6e0,
    0xa301_4314,
    0x4e08_11a1,
    0xf753_7e82,
    0xbd3a_f235,
    0x2ad7_d2bb,
    0xeb86_d391,
];
/// By how much the words of each round are turned.
const TURNS: [[u32; 4]; 4] = [[7, 12, 17, 22], [5, 9, 14, 20], [4, 11, 16, 23], [6, 10, 15, 21]];

/// The digest of some octets in hexadecimal, with lower-case letters.
#[must_use]
pub fn hex(octets: &[u8]) -> String {
    let mut padded = octets.to_vec();
    padded.push(0x80);
    padded.resize(padded.len().next_multiple_of(64), 0);
    if padded.len() - octets.len() < 9 {
        padded.resize(padded.len() + 64, 0);
    }
    let bits = (octets.len() as u64).wrapping_mul(8);
    let length = padded.len();
    padded[length - 8..].copy_from_slice(&bits.to_le_bytes());
    let mut state = [0x6745_2301_u32, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];
    padded.chunks_exact(64).for_each(|block| mix(&mut state, block));
    state.iter().flat_map(|word| word.to_le_bytes()).map(|octet| format!("{octet:02x}")).collect()
}

/// Takes 64 octets into the state (RFC 1321 3.4).
fn mix(state: &mut [u32; 4], block: &[u8]) {
    let word = |at: usize| block[4 * at..4 * at + 4].iter().rev().fold(0, |word: u32, b| word << 8 | u32::from(*b));
    let [mut a, mut b, mut c, mut d] = *state;
    for (step, constant) in TABLE.iter().enumerate() {
        let (blend, at) = match step / 16 {
            0 => (b & c | !b & d, step),
            1 => (b & d | c & !d, 5 * step + 1),
            2 => (b ^ c ^ d, 3 * step + 5),
            _ => (c ^ (b | !d), 7 * step),
        };
        let sum = a.wrapping_add(blend).wrapping_add(word(at % 16)).wrapping_add(*constant);
        (a, d, c) = (d, c, b);
        b = b.wrapping_add(sum.rotate_left(TURNS[step / 16][step % 4]));
    }
    for (kept, new) in state.iter_mut().zip([a, b, c, d]) {
        *kept = kept.wrapping_add(new);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 1321 A.5, the example of RFC 1939 section 7, and lengths around a block.
    #[test]
    fn known_digests() {
        let many = "1234567890".repeat(8);
        for (text, digest) in [
            ("", "d41d8cd98f00b204e9800998ecf8427e"),
            ("a", "0cc175b9c0f1b6a831c399e269772661"),
            ("abc", "900150983cd24fb0d6963f7d28e17f72"),
            ("message digest", "f96b697d7cb7938d525a2f31aaf161d0"),
            ("abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b"),
            (&many, "57edf4a22be3c955ac49da2e2107b67a"),
            ("<1896.697170952@dbc.mtview.ca.us>tanstaaf", "c4c9334bac560ecc979e58001b3e22fb"),
            (&many[..55], "c9ccf168914a1bcfc3229f1948e67da0"),
            (&many[..56], "49f193adce178490e34d1b3a4ec0064c"),
            (&many[..64], "eb6c4179c0a7c82cc2828c1e6338e165"),
        ] {
            assert_eq!(hex(text.as_bytes()), digest, "{text}");
        }
    }
}
