//! AES-128 in CBC mode with the padding of PKCS #7 (RFC 5652, section 6.3), as Alipay and WeChat
//! encrypt what a mini program passes on.
//!
//! It tells nobody whether a text was changed: whoever decrypts checks that by a signature around
//! it, or by what is in it.

#![deny(missing_docs)]

use aes::Aes128;
use cbc::cipher::{BlockDecryptMut as _, BlockEncryptMut as _, KeyIvInit as _};
use cbc::{Decryptor, Encryptor};

/// The size of keys, vectors and blocks, in bytes.
pub const SIZE: usize = 16;

/// Encrypts a text of any length.
pub fn encrypt(key: &[u8; SIZE], vector: &[u8; SIZE], plain: &[u8]) -> Vec<u8> {
    let mut cipher = Encryptor::<Aes128>::new(key.into(), vector.into());
    let padding = SIZE - plain.len() % SIZE;
    let mut data = plain.to_vec();
    data.resize(plain.len() + padding, padding as u8);
    for block in data.chunks_exact_mut(SIZE) {
        cipher.encrypt_block_mut(block.into());
    }
    data
}

/// Decrypts what [`encrypt`] has made; none for anything else that can be told from it.
pub fn decrypt(key: &[u8; SIZE], vector: &[u8; SIZE], data: &[u8]) -> Option<Vec<u8>> {
    if !data.len().is_multiple_of(SIZE) {
        return None;
    }
    let mut cipher = Decryptor::<Aes128>::new(key.into(), vector.into());
    let mut plain = data.to_vec();
    for block in plain.chunks_exact_mut(SIZE) {
        cipher.decrypt_block_mut(block.into());
    }
    let padding = *plain.last()?;
    let length = plain.len().checked_sub(usize::from(padding))?;
    let good = (1..=SIZE).contains(&usize::from(padding)) && plain.get(length..)?.iter().all(|byte| *byte == padding);
    plain.truncate(length);
    good.then_some(plain)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_was_encrypted_comes_back_and_nothing_else_does() {
        let (key, vector) = ([1; SIZE], [2; SIZE]);
        for length in 0..50 {
            let plain: Vec<u8> = (0..length).collect();
            let data = encrypt(&key, &vector, &plain);
            assert_eq!(data.len(), (plain.len() / SIZE + 1) * SIZE);
            assert_eq!(decrypt(&key, &vector, &data).unwrap(), plain);
            assert_ne!(decrypt(&[3; SIZE], &vector, &data), Some(plain));
        }
        assert_eq!(decrypt(&key, &vector, &[]), None);
        assert_eq!(decrypt(&key, &vector, &[0; 15]), None);
    }

    #[test]
    fn a_wrong_padding_is_refused() {
        let (key, vector) = ([1; SIZE], [2; SIZE]);
        // One block that ends in a padding is decrypted to a block with that padding.
        let padded = |block: [u8; SIZE]| {
            let mut cipher = Encryptor::<Aes128>::new((&key).into(), (&vector).into());
            let mut data = block;
            cipher.encrypt_block_mut((&mut data).into());
            decrypt(&key, &vector, &data)
        };
        assert_eq!(padded([16; SIZE]), Some(vec![]));
        for last in [0, 2, 17, 255] {
            let mut block = [1; SIZE];
            block[SIZE - 1] = last;
            assert_eq!(padded(block), None, "{last}");
        }
    }
}
