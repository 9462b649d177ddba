//! Values of the core as the API shows them, and back.

use chrono::{DateTime, NaiveDate, SecondsFormat, TimeDelta, Utc};
use idp_admin_api::LocalText;
use idp_admin_api::unit::UnitReference;
use idp_core::base::refusal::Reason;
use idp_core::base::time::Timestamp;
use idp_core::model;
use idp_core::model::UnitId;
use idp_core::organisation::UnitTree;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Vietnam is seven hours ahead of UTC, all year.
const VIETNAM: TimeDelta = TimeDelta::hours(7);

/// A point in time as RFC 3339 in UTC, to the second.
pub(super) fn time(at: Timestamp) -> String {
    let at = DateTime::<Utc>::from_timestamp_millis(at.millis()).unwrap_or_default();
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// A date (its first moment in Vietnam) or an RFC 3339 time.
pub(super) fn parse_time(text: &str) -> Result<Timestamp, Reason> {
    if let Ok(date) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        let midnight = date.and_hms_opt(0, 0, 0).ok_or(Reason::DateMalformed)?;
        let utc = midnight
            .checked_sub_signed(VIETNAM)
            .ok_or(Reason::DateMalformed)?;
        return Ok(Timestamp::from_millis(utc.and_utc().timestamp_millis()));
    }
    let at = DateTime::parse_from_rfc3339(text).map_err(|_| Reason::DateMalformed)?;
    Ok(Timestamp::from_millis(at.timestamp_millis()))
}

/// The same for a field that may be absent.
pub(super) fn parse_times(text: Option<&String>) -> Result<Option<Timestamp>, Reason> {
    text.map(|text| parse_time(text)).transpose()
}

/// A name of a closed list, written the same on both sides. The lists are kept equal by a test;
/// a name that only one side knows is refused.
pub(super) fn same<A: Serialize, B: DeserializeOwned>(name: A) -> Result<B, Reason> {
    serde_json::to_value(name)
        .and_then(serde_json::from_value)
        .map_err(|_| Reason::ListedNameUnknown)
}

/// A text for people, outwards.
pub(super) fn local(text: &model::LocalText) -> LocalText {
    LocalText {
        vi: text.vi.clone(),
        en: text.en.clone(),
    }
}

/// A text for people, inwards.
pub(super) fn core_local(text: LocalText) -> model::LocalText {
    model::LocalText {
        vi: text.vi,
        en: text.en,
    }
}

/// A unit named inside something else. One that is gone shows its id.
pub(super) fn unit_reference(tree: &UnitTree, id: UnitId) -> UnitReference {
    match tree.find(id) {
        Some(unit) => UnitReference {
            id: id.to_string(),
            code: unit.code.to_string(),
            name: local(&unit.name),
        },
        None => UnitReference {
            id: id.to_string(),
            code: String::new(),
            name: LocalText::default(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use idp_admin_api as api;

    /// Each name of a closed list goes both ways. Neither `match` has a wildcard, so that a name
    /// added on one side stops the build until it stands here, and then this test until the other
    /// side has it.
    macro_rules! alike {
        ($theirs:ty, $ours:ty: $($name:ident)* $(; theirs alone: $alone:ident)?) => {{
            type Theirs = $theirs;
            type Ours = $ours;
            let listed = |theirs: Theirs, ours: Ours| {
                match theirs { $(Theirs::$name => (),)* $(Theirs::$alone => (),)? }
                match ours { $(Ours::$name => (),)* }
            };
            $(
                assert_eq!(same::<_, Ours>(Theirs::$name), Ok(Ours::$name));
                assert_eq!(same::<_, Theirs>(Ours::$name), Ok(Theirs::$name));
                listed(Theirs::$name, Ours::$name);
            )*
            $(assert!(same::<_, Ours>(Theirs::$alone).is_err());)?
        }};
    }

    /// What serde says it would have taken instead of a name that nobody uses.
    fn known_names<T: serde::de::DeserializeOwned>() -> String {
        let refused = serde_json::from_value::<T>(serde_json::json!({ "unheard_of": 1 }));
        let told = refused.err().map(|e| e.to_string()).unwrap_or_default();
        assert!(told.contains("`profile`"), "{told}");
        told
    }

    #[test]
    fn the_features_of_clients_are_the_same_on_both_sides() {
        assert_eq!(
            known_names::<api::client_features::ClientFeatures>(),
            known_names::<model::client::ClientFeatures>()
        );
        alike!(api::client_features::ClientProfile, model::client::ClientProfile:
            Web Spa Native Device Service Fapi2Security Fapi2MessageSigning Legacy);
        alike!(api::client_features::SubjectType, model::client::SubjectType: Public Pairwise);
        alike!(api::client_features::Sector, model::client::Sector: Host Agency);
        alike!(api::client_features::AssertionAudience, model::client::AssertionAudience:
            Any Issuer);
        alike!(api::client_features::AccessTokenFormat, model::client::AccessTokenFormat:
            Jwt Opaque);
    }

    #[test]
    fn closed_lists_are_the_same_on_both_sides() {
        alike!(api::user::AccountKind, model::user::AccountKind:
            Official Citizen Organisation Administrator Service);
        alike!(api::user::IdentifierKind, model::identifier::IdentifierKind:
            UserName Mail PersonalId Mobile EmployeeCode TaxCode);
        alike!(api::unit::UnitState, model::organisation_unit::UnitState: Active Disabled);
        alike!(api::client::ClientKind, model::client::ClientKind: Web Spa Native Service Device);
        alike!(
            api::client::ClientAuthenticationMethod,
            model::client::ClientAuthenticationMethod:
            None ClientSecretBasic ClientSecretPost ClientSecretJwt PrivateKeyJwt TlsClientAuth
            SelfSignedTlsClientAuth
        );
        alike!(api::client::GrantType, model::client::GrantType:
            AuthorizationCode Implicit RefreshToken ClientCredentials DeviceCode TokenExchange JwtBearer);
        alike!(api::client::PositionChoice, model::client::PositionChoice: Main Ask);
        alike!(api::client::ConsentRule, model::client::ConsentRule: Never Ask);
        alike!(api::key::KeyPurpose, model::key::KeyPurpose: Token Audit Refresh Encryption);
        alike!(api::key::KeyPlace, model::key::KeyPlace: Store Device);
        alike!(api::session::SessionEnd, model::session::SessionEnd:
            SignedOut Replaced ByAdministrator AccountDisabled CredentialReset CertificateRevoked;
            theirs alone: Expired);
        alike!(api::trust::TrustPurpose, model::trust::TrustPurpose:
            Government Public RemoteSigning Systems);
        alike!(api::outbox::DeliveryKind, model::outbox::OutboxKind: BackChannelLogout);
        alike!(api::outbox::DeliveryState, model::outbox::OutboxState: Pending Delivered Failed);
        alike!(api::change_set::ChangeSetKind, model::change_set::ChangeSetKind: UserImport Undo);
        alike!(api::change_set::ChangeSetState, model::change_set::ChangeSetState:
            Applying Applied Undone);
    }

    #[test]
    fn a_name_that_only_one_side_knows_is_refused() {
        let unknown = same::<_, model::user::AccountKind>("robot");
        assert_eq!(unknown, Err(Reason::ListedNameUnknown));
    }
}
