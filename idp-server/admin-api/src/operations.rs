//! Every operation of the API as one table: the OpenAPI description is made from it, and a server
//! can check that its router serves exactly these.

use crate::paths;

/// An HTTP method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Reads.
    Get,
    /// Makes or does.
    Post,
    /// Changes what exists; needs `If-Match`.
    Patch,
    /// Ends or removes.
    Delete,
}

/// One operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation {
    /// The noun it belongs to (`user`); its tag.
    pub noun: &'static str,
    /// Its method.
    pub method: Method,
    /// Its path template.
    pub path: &'static str,
    /// Its stable name (`add_user`).
    pub name: &'static str,
    /// What it does.
    pub summary: &'static str,
    /// The schema of its body, if it takes one.
    pub body: Option<&'static str>,
    /// The status of its success, dry runs apart (they answer 200).
    pub status: u16,
    /// The schema of its answer.
    pub answer: &'static str,
}

impl Operation {
    /// Whether it changes something: it takes `dry_run` and needs an acting administrator.
    pub fn changes(&self) -> bool {
        self.method != Method::Get && !paths::READS.contains(&self.path)
    }
}

macro_rules! operations {
    ($($noun:literal { $($method:ident $path:ident $name:literal $summary:literal
        ($($body:literal)?) $status:literal $answer:literal;)* })*) => {
        /// Every operation, noun by noun.
        pub const OPERATIONS: &[Operation] = &[$($(Operation {
            noun: $noun,
            method: Method::$method,
            path: paths::$path,
            name: $name,
            summary: $summary,
            body: operations!(@body $($body)?),
            status: $status,
            answer: $answer,
        },)*)*];
    };
    (@body) => { None };
    (@body $body:literal) => { Some($body) };
}

operations! {
    "unit" {
        Get UNITS "list_units" "Lists or searches units, by code." () 200 "Page_Unit";
        Post UNITS "add_unit" "Adds a unit." ("UnitNew") 201 "Unit";
        Get UNIT "show_unit" "Shows a unit." () 200 "Unit";
        Patch UNIT "edit_unit" "Renames, recodes or moves a unit." ("UnitEdit") 200 "Unit";
        Post UNIT_DISABLE "disable_unit" "Takes an empty unit out of use." () 200 "Unit";
        Post UNIT_ENABLE "enable_unit" "Takes a unit back into use." () 200 "Unit";
    }
    "user" {
        Get USERS "list_users" "Lists or searches users, by given name." () 200 "Page_UserSummary";
        Post USERS "add_user" "Adds an account." ("UserNew") 201 "UserWithLink";
        Get USER "show_user" "Shows an account whole." () 200 "User";
        Patch USER "edit_user" "Changes name, identifiers or language." ("UserEdit") 200 "User";
        Post USER_DISABLE "disable_user" "Takes an account out of use and ends its sessions." ("UserDisable") 200 "User";
        Post USER_ENABLE "enable_user" "Takes an account back into use." () 200 "User";
        Post USER_RESET "reset_user" "Makes a new activation link, removes the password and ends sessions." () 200 "UserWithLink";
        Post USER_END_SESSIONS "end_user_sessions" "Ends all sessions of a user." () 200 "SessionsEnded";
        Post USER_POSITIONS "assign_position" "Gives a position." ("PositionNew") 201 "User";
        Patch USER_POSITION "edit_position" "Changes title, main or end of a position. `If-Match` names the version of the user." ("PositionEdit") 200 "User";
        Delete USER_POSITION "unassign_position" "Ends a position now; it stays in the history." () 200 "User";
        Post USER_ROLES "assign_role" "Gives a role." ("RoleGrantNew") 201 "User";
        Delete USER_ROLE "unassign_role" "Ends a role now." () 200 "User";
        Post USER_IMPORTS "import_users" "Adds many accounts, all or none." ("UserImport") 200 "ImportReport";
    }
    "user-certificate" {
        Get USER_CERTIFICATES "list_user_certificates" "Lists the certificates of an account." () 200 "Page_UserCertificate";
        Post USER_CERTIFICATES "add_user_certificate" "Binds a certificate to an account." ("UserCertificateNew") 201 "UserCertificate";
        Delete USER_CERTIFICATE "remove_user_certificate" "Takes a certificate away and ends the sessions that began with it." () 200 "SessionsEnded";
    }
    "role" {
        Get ROLES "list_roles" "Lists roles, by name." () 200 "Page_Role";
        Post ROLES "add_role" "Adds a role." ("RoleNew") 201 "Role";
        Get ROLE "show_role" "Shows a role." () 200 "Role";
        Patch ROLE "edit_role" "Changes title or description." ("RoleEdit") 200 "Role";
        Delete ROLE "remove_role" "Removes a role that nobody holds; answers what it was." () 200 "Role";
    }
    "client" {
        Get CLIENTS "list_clients" "Lists or searches clients, by client_id." () 200 "Page_Client";
        Post CLIENTS "add_client" "Registers a client; answers its secret this once." ("ClientNew") 201 "ClientWithSecret";
        Get CLIENT "show_client" "Shows a client." () 200 "Client";
        Patch CLIENT "edit_client" "Changes the metadata of a client." ("ClientEdit") 200 "Client";
        Post CLIENT_DISABLE "disable_client" "Takes a client out of use." () 200 "Client";
        Post CLIENT_ENABLE "enable_client" "Takes a client back into use." () 200 "Client";
        Post CLIENT_ROTATE_SECRET "rotate_client_secret" "Makes a new secret; answers it this once." ("SecretRotation") 200 "ClientWithSecret";
    }
    "registration-token" {
        Get REGISTRATION_TOKENS "list_registration_tokens" "Lists initial access tokens, newest first." () 200 "Page_RegistrationToken";
        Post REGISTRATION_TOKENS "add_registration_token" "Makes an initial access token; answers it this once." ("RegistrationTokenNew") 201 "RegistrationTokenWithSecret";
        Delete REGISTRATION_TOKEN "remove_registration_token" "Takes an initial access token away; answers what it was." () 200 "RegistrationToken";
    }
    "trust" {
        Get TRUST_ANCHORS "list_trust_anchors" "Lists the authorities that are, or were, trusted, by name." () 200 "Page_TrustAnchor";
        Post TRUST_ANCHORS "add_trust_anchor" "Trusts an authority." ("TrustAnchorNew") 201 "TrustAnchor";
        Get TRUST_ANCHOR "show_trust_anchor" "Shows an authority with its rules and what there is to know." () 200 "TrustAnchor";
        Post TRUST_ANCHOR_EDIT "edit_trust_anchor" "Changes the rules that are named." ("TrustRules") 200 "TrustAnchor";
        Post TRUST_ANCHOR_DISTRUST "distrust_trust_anchor" "Withdraws trust, now or from a moment on." ("TrustWithdrawal") 200 "TrustAnchor";
    }
    "certificate" {
        Post CERTIFICATE_VERIFY "verify_certificate" "Tells what a certificate, or a signature, is worth." ("CertificateVerification") 200 "CertificateVerdict";
    }
    "key" {
        Get KEYS "list_keys" "Lists keys, newest first." () 200 "Page_Key";
        Get KEY "show_key" "Shows a key without its private part." () 200 "Key";
        Post KEY_ROTATIONS "rotate_key" "Makes a key that takes over." ("KeyRotation") 201 "KeyRotated";
    }
    "session" {
        Get SESSIONS "list_sessions" "Lists sessions, newest first." () 200 "Page_Session";
        Get SESSION "show_session" "Shows a session with its clients." () 200 "Session";
        Post SESSION_END "end_session" "Ends a session and tells its clients." () 200 "SessionsEnded";
    }
    "audit" {
        Get AUDIT_EVENTS "list_audit_events" "Reads events, newest first, or follows them." () 200 "Page_AuditEvent";
        Post AUDIT_VERIFY "verify_audit" "Verifies the whole chain." ("AuditVerification") 200 "AuditReport";
        Get AUDIT_EXPORT "export_audit" "Copies sealed blocks with the keys that verify them." () 200 "AuditExport";
    }
    "outbox" {
        Get OUTBOX "list_outbox" "Lists deliveries, newest first." () 200 "Page_Delivery";
        Get DELIVERY "show_delivery" "Shows a delivery." () 200 "Delivery";
        Post DELIVERY_RETRY "retry_delivery" "Tries a pending delivery at once." () 200 "Delivery";
    }
    "change-set" {
        Get CHANGE_SETS "list_change_sets" "Lists change sets, newest first." () 200 "Page_ChangeSet";
        Get CHANGE_SET "show_change_set" "Shows a change set." () 200 "ChangeSet";
        Get CHANGE_SET_ENTRIES "list_change_set_entries" "Lists what a change set touched." () 200 "Page_ChangeSetEntry";
        Post CHANGE_SET_UNDO "undo_change_set" "Restores what nobody changed since and lists the rest." () 200 "UndoReport";
    }
    "node" {
        Get NODE_CONFIGURATION "compare_configuration" "Lists in what this node's configuration differs from what the nodes agreed on." () 200 "Page_ConfigurationDifference";
        Post NODE_CONFIGURATION_AGREE "agree_on_configuration" "Makes this node's configuration the one that counts; answers what changed." () 200 "Page_ConfigurationDifference";
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_places_are_unique() {
        let mut names: Vec<_> = OPERATIONS.iter().map(|o| o.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), OPERATIONS.len());
        for (place, operation) in OPERATIONS.iter().enumerate() {
            let again = OPERATIONS
                .iter()
                .skip(place + 1)
                .any(|other| (other.method, other.path) == (operation.method, operation.path));
            assert!(!again, "{} is served twice", operation.name);
        }
    }
}
