//! The browser that began something: bound by a cookie, checked on every form.

use ring::hmac;
use subtle::ConstantTimeEq;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::base::refusal::Reason;
use crate::base::secret::{Digest, SecretText};
use crate::model::UserId;

/// A browser, known by a 256-bit cookie of its own that is set before anybody signs in.
#[derive(Clone, Debug)]
pub struct Browser {
    secret: SecretText,
}

impl Browser {
    /// The browser with this cookie.
    pub fn new(secret: SecretText) -> Self {
        Self { secret }
    }

    /// The cookie.
    pub fn secret(&self) -> &SecretText {
        &self.secret
    }

    /// What rests of it in a ticket.
    pub fn digest(&self) -> Digest {
        self.secret.digest()
    }

    /// The value of the hidden field that proves that a form is one of ours, shown to this
    /// browser. It cannot be computed without the cookie, which no other site can read.
    pub fn form_token(&self) -> String {
        self.token(b"idp form token v1")
    }

    /// The value of the hidden field that says to whom a page was shown: an answer may arrive
    /// after somebody else has signed in in the same browser.
    pub fn person_token(&self, person: UserId) -> String {
        self.token(format!("idp person v1|{person}").as_bytes())
    }

    /// Whether a page with this hidden field was shown to that person in this browser.
    pub fn was_shown_to(&self, person: UserId, sent: Option<&str>) -> bool {
        let expected = self.person_token(person);
        sent.is_some_and(|sent| sent.as_bytes().ct_eq(expected.as_bytes()).into())
    }

    fn token(&self, about: &[u8]) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.secret.expose().as_bytes());
        URL_SAFE_NO_PAD.encode(hmac::sign(&key, about).as_ref())
    }

    /// Checks the hidden field.
    ///
    /// # Errors
    /// [`Reason::CrossSiteForm`].
    pub fn check_form(&self, sent: Option<&str>) -> Result<(), Reason> {
        let expected = self.form_token();
        let same = sent.is_some_and(|sent| sent.as_bytes().ct_eq(expected.as_bytes()).into());
        if same {
            Ok(())
        } else {
            Err(Reason::CrossSiteForm)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_token_belongs_to_one_browser() {
        let one = Browser::new(SecretText::new("a".repeat(43)));
        let other = Browser::new(SecretText::new("b".repeat(43)));
        assert_eq!(one.check_form(Some(&one.form_token())), Ok(()));
        assert_eq!(
            one.check_form(Some(&other.form_token())),
            Err(Reason::CrossSiteForm)
        );
        assert_eq!(one.check_form(None), Err(Reason::CrossSiteForm));
    }

    #[test]
    fn a_page_was_shown_to_one_person_in_one_browser() {
        let one = Browser::new(SecretText::new("a".repeat(43)));
        let other = Browser::new(SecretText::new("b".repeat(43)));
        let (an, binh) = (UserId::from_u128(1), UserId::from_u128(2));
        let shown = one.person_token(an);
        for (browser, person, sent, expected) in [
            (&one, an, Some(&*shown), true),
            (&one, binh, Some(&*shown), false),
            (&other, an, Some(&*shown), false),
            (&one, an, None, false),
            (&one, an, Some(&*one.form_token()), false),
        ] {
            assert_eq!(browser.was_shown_to(person, sent), expected, "{person}");
        }
    }
}
