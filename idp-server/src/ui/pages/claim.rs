//! Single claims in the person's words (OpenID Connect Core §5.1).

use crate::ui::shell::{Shell, TextKey};

/// One claim that is asked for by its name, beyond those of the scopes.
#[derive(Clone, Debug)]
pub struct RequestedClaim {
    /// The claim's name.
    pub name: String,
}

/// The standard claims, as the server tells them.
const STANDARD: &[(&str, TextKey)] = &[
    ("name", TextKey("claim-name")),
    ("given_name", TextKey("claim-given-name")),
    ("middle_name", TextKey("claim-middle-name")),
    ("family_name", TextKey("claim-family-name")),
    ("nickname", TextKey("claim-nickname")),
    ("preferred_username", TextKey("claim-user-name")),
    ("profile", TextKey("claim-profile")),
    ("picture", TextKey("claim-picture")),
    ("website", TextKey("claim-website")),
    ("gender", TextKey("claim-gender")),
    ("birthdate", TextKey("claim-birthdate")),
    ("locale", TextKey("claim-locale")),
    ("zoneinfo", TextKey("claim-zoneinfo")),
    ("updated_at", TextKey("claim-updated-at")),
    ("email", TextKey("claim-email")),
    ("email_verified", TextKey("claim-email-verified")),
    ("phone_number", TextKey("claim-phone")),
    ("phone_number_verified", TextKey("claim-phone-verified")),
    ("address", TextKey("claim-address")),
];

impl RequestedClaim {
    pub(super) fn text(&self, shell: &Shell<'_>) -> String {
        let found = STANDARD.iter().find(|(name, _)| *name == self.name);
        found.map_or_else(|| self.name.clone(), |(_, key)| shell.tell(*key))
    }
}

#[cfg(test)]
mod tests {
    use super::STANDARD;
    use idp_core::oauth::claims_request::claims;

    #[test]
    fn every_claim_that_can_be_asked_for_is_told_in_words() {
        for claim in claims() {
            assert!(STANDARD.iter().any(|(name, _)| *name == claim), "{claim}");
        }
        assert_eq!(STANDARD.len(), claims().count());
    }
}
