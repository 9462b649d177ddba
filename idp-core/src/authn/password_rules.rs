//! What a new password must be: long, not obvious, not the user name (NIST SP 800-63B §5.1.1.2).
//!
//! No rule asks for digits, capitals or marks, and none for a change at fixed times: both make
//! passwords worse. Whether a password was used before is not checked here; that takes hashing.

use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use crate::base::refusal::Reason;
use crate::base::secret::SecretText;
use crate::base::text::search_key;
use crate::policy::PasswordRules;

/// The longest password, in characters: no limit for people, one for hashing.
pub const LONGEST: usize = 256;

/// The least length at which a user name inside a password counts; shorter ones occur by chance.
const LEAST_NAME: usize = 4;

/// Signs that people put for a letter (`p@ssword`) or between words; all others do not count.
const SIGNS: &[char] = &['@', '$'];

/// Words of which an obvious password is made, without marks, lower case. Our own selection: what
/// people in Vietnamese offices choose when a system asks for letters and digits.
const COMMON: &[&str] = &[
    // Vietnamese, as typed without marks and as the Telex keyboard writes it.
    "matkhau",
    "maatkhaaur",
    "matkhaumoi",
    "khongbiet",
    "khongnho",
    "quenroi",
    "dangnhap",
    "taikhoan",
    "xinchao",
    "chaoban",
    "anhyeuem",
    "emyeuanh",
    "yeuem",
    "yeuanh",
    "toiyeu",
    "yeumai",
    "maiyeu",
    "vietnam",
    "hanoi",
    "saigon",
    "hochiminh",
    "tphcm",
    "danang",
    "haiphong",
    "cantho",
    "vanphong",
    "cobonmua",
    "quantri",
    "quanly",
    "nguoidung",
    "nhanvien",
    "canbo",
    "congchuc",
    "ubnd",
    "uyban",
    "nhandan",
    "tinh",
    "huyen",
    "xa",
    "phuong",
    "sotaichinh",
    "sonoivu",
    "nguyen",
    "tran",
    "pham",
    "hoang",
    "giadinh",
    "hanhphuc",
    "bimat",
    "thanhcong",
    "chucmungnammoi",
    "motconvit",
    "conmeo",
    "concho",
    "batdau",
    "kiemtra",
    "thunghiem",
    "macdinh",
    // English and what computers suggest.
    "password",
    "passwd",
    "passw",
    "pass",
    "word",
    "admin",
    "administrator",
    "root",
    "user",
    "guest",
    "test",
    "tester",
    "demo",
    "default",
    "changeme",
    "change",
    "letmein",
    "welcome",
    "login",
    "secret",
    "iloveyou",
    "loveyou",
    "love",
    "hello",
    "monkey",
    "dragon",
    "master",
    "superman",
    "batman",
    "football",
    "baseball",
    "sunshine",
    "princess",
    "shadow",
    "michael",
    "computer",
    "internet",
    "server",
    "system",
    "windows",
    "google",
    "facebook",
    "zalo",
    "samsung",
    "iphone",
    "android",
    "office",
    "public",
    "private",
    "temp",
    "temporary",
    "new",
    "old",
    "my",
    "the",
    "is",
    "and",
    // Rows and diagonals of the keyboard.
    "qwerty",
    "qwertyuiop",
    "qwertz",
    "azerty",
    "asdf",
    "asdfgh",
    "asdfghjkl",
    "zxcv",
    "zxcvbn",
    "zxcvbnm",
    "qaz",
    "wsx",
    "edc",
    "rfv",
    "tgb",
    "yhn",
    "ujm",
    "qweasd",
    "qweasdzxc",
    "qwe",
    "asd",
    "zxc",
    "poiuytrewq",
    "lkjhgfdsa",
    "mnbvcxz",
    "abc",
    "abcd",
    "abcde",
    "abcdef",
    "abcdefg",
    "xyz",
];

/// Checks a new password for somebody called `user_name` (empty when there is none).
///
/// Lengths are counted in characters after NFC, so that `ế` is one however it was typed.
///
/// # Errors
/// [`Reason::PasswordTooShort`], [`Reason::PasswordTooLong`], [`Reason::PasswordHoldsName`] when a
/// user name of at least four characters occurs in it, [`Reason::PasswordTooCommon`] when it is
/// made of nothing but common words, digits and repeated or consecutive characters.
pub fn check(password: &SecretText, user_name: &str, rules: &PasswordRules) -> Result<(), Reason> {
    let composed = Zeroizing::new(password.expose().nfc().collect::<String>());
    let length = composed.chars().count();
    if length > LONGEST {
        return Err(Reason::PasswordTooLong);
    }
    if length < rules.min_length {
        return Err(Reason::PasswordTooShort);
    }
    let plain = Zeroizing::new(letters_and_digits(&composed, &[]));
    let name = letters_and_digits(user_name, &[]);
    if name.chars().count() >= LEAST_NAME && plain.contains(&name) {
        return Err(Reason::PasswordHoldsName);
    }
    let key = Zeroizing::new(letters_and_digits(&composed, SIGNS));
    if is_obvious(&key) {
        return Err(Reason::PasswordTooCommon);
    }
    Ok(())
}

/// Lower case, without marks, and nothing but letters, digits and what `also` lists.
fn letters_and_digits(text: &str, also: &[char]) -> String {
    let mut key = search_key(text);
    key.retain(|c| c.is_alphanumeric() || also.contains(&c));
    key
}

/// Whether `key` falls apart into obvious pieces without remainder.
fn is_obvious(key: &str) -> bool {
    let characters: Vec<char> = key.chars().collect();
    // reachable[i]: the first i characters are obvious pieces.
    let mut reachable = vec![false; characters.len() + 1];
    if let Some(start) = reachable.first_mut() {
        *start = true;
    }
    for from in 0..characters.len() {
        if reachable.get(from) != Some(&true) {
            continue;
        }
        let rest = characters.get(from..).unwrap_or_default();
        for length in obvious_prefixes(rest) {
            if let Some(end) = reachable.get_mut(from + length) {
                *end = true;
            }
        }
    }
    reachable.last() == Some(&true)
}

/// The lengths of obvious pieces at the beginning of `rest`.
fn obvious_prefixes(rest: &[char]) -> Vec<usize> {
    let mut lengths: Vec<usize> = COMMON
        .iter()
        .filter(|word| starts_with(rest, word))
        .map(|word| word.len())
        .collect();
    for step in [0, 1, -1] {
        let run = run_length(rest, step);
        // Any digit is a piece (`matkhau1`, a year); letters only in a run of three.
        let least = if rest.first().is_some_and(char::is_ascii_digit) {
            1
        } else {
            3
        };
        lengths.extend(least..=run);
    }
    if rest.first().is_some_and(|c| SIGNS.contains(c)) {
        lengths.push(1);
    }
    lengths
}

/// Whether `rest` begins with `word`, digits and signs standing for the letters they replace.
fn starts_with(rest: &[char], word: &str) -> bool {
    rest.len() >= word.len()
        && word.chars().zip(rest).all(|(letter, typed)| {
            letter == *typed
                || matches!(
                    (letter, typed),
                    ('o', '0')
                        | ('i' | 'l', '1')
                        | ('e', '3')
                        | ('a', '4' | '@')
                        | ('s', '5' | '$')
                )
        })
}

/// How many characters continue with a constant `step` (`1234`, `aaaa`, `9876`); after 9 comes 0.
fn run_length(rest: &[char], step: i32) -> usize {
    let follows = |pair: &[char]| {
        let [a, b] = pair else { return false };
        match (a.to_digit(10), b.to_digit(10)) {
            (Some(a), Some(b)) => (i64::from(a) + i64::from(step)).rem_euclid(10) == i64::from(b),
            (None, None) => i64::from(u32::from(*a)) + i64::from(step) == i64::from(u32::from(*b)),
            _ => false,
        }
    };
    rest.len().min(1) + rest.windows(2).take_while(|pair| follows(pair)).count()
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::base::refusal::Reason;
    use crate::base::secret::SecretText;
    use crate::policy::PasswordRules;

    fn answer(password: &str, user_name: &str) -> Result<(), Reason> {
        let rules = PasswordRules {
            min_length: 10,
            history: 0,
        };
        check(&SecretText::new(password.to_owned()), user_name, &rules)
    }

    #[test]
    fn length_counts_characters_however_they_are_typed() {
        assert_eq!(answer("ếếếếếcầuao", "an"), Ok(()));
        assert_eq!(answer("cầu ao cá", "an"), Err(Reason::PasswordTooShort));
        assert_eq!(
            answer("e\u{302}\u{301}e\u{302}\u{301}e\u{302}\u{301}đường", "an"),
            Err(Reason::PasswordTooShort)
        );
        assert_eq!(answer(&"ă8k".repeat(85), "an"), Ok(()));
        assert_eq!(
            answer(&"ă8k".repeat(86), "an"),
            Err(Reason::PasswordTooLong)
        );
    }

    #[test]
    fn the_user_name_must_not_occur() {
        for password in ["xk-NguyenVanAn-82", "nguyễn.văn.an xk82", "82xknguyenvanan"] {
            assert_eq!(
                answer(password, "nguyen.vanan"),
                Err(Reason::PasswordHoldsName),
                "{password}"
            );
        }
        assert_eq!(
            answer("canh buom trang", "an"),
            Ok(()),
            "short names occur by chance"
        );
    }

    #[test]
    fn obvious_passwords_are_refused_however_they_are_lengthened() {
        for password in [
            "1234567890",
            "0987654321",
            "1111111111",
            "aaaaaaaaaa",
            "matkhau12345",
            "Mật khẩu 123456",
            "MATKHAU@2024!!",
            "P@ssw0rd2025",
            "password1234567890",
            "qwertyuiop123",
            "1qaz2wsx3edc",
            "Admin@123456",
            "anhyeuem1314",
            "VietNam@1975",
            "ubndtinh2025!",
            "!!!!!!!!!!!!",
            "abcdefghijkl",
        ] {
            assert_eq!(
                answer(password, "an"),
                Err(Reason::PasswordTooCommon),
                "{password}"
            );
        }
    }

    #[test]
    fn ordinary_passphrases_pass() {
        for password in [
            "bốn con trâu qua sông",
            "correct horse battery staple",
            "Zk4-vw9-Tqp2",
            "mưa rơi trên mái tôn",
            "password của chị Tư bán bún",
        ] {
            assert_eq!(answer(password, "an.nv"), Ok(()), "{password}");
        }
    }
}
