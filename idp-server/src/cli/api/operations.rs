//! The operations as typed functions, in the order of
//! [`idp_admin_api::operations::OPERATIONS`].

use http::Method;
use idp_admin_api::audit::{
    AuditEvent, AuditExport, AuditExportQuery, AuditQuery, AuditReport, AuditVerification,
};
use idp_admin_api::certificate::{CertificateVerdict, CertificateVerification};
use idp_admin_api::change_set::{ChangeSet, ChangeSetEntry, UndoReport};
use idp_admin_api::client::{
    Client, ClientEdit, ClientNew, ClientQuery, ClientWithSecret, SecretRotation,
};
use idp_admin_api::key::{Key, KeyRotated, KeyRotation};
use idp_admin_api::node::ConfigurationDifference;
use idp_admin_api::outbox::{Delivery, DeliveryQuery};
use idp_admin_api::paths::{self, fill};
use idp_admin_api::registration::{
    RegistrationToken, RegistrationTokenNew, RegistrationTokenWithSecret,
};
use idp_admin_api::role::{Role, RoleEdit, RoleNew};
use idp_admin_api::session::{Session, SessionQuery, SessionsEnded};
use idp_admin_api::trust::{TrustAnchor, TrustAnchorNew, TrustRules, TrustWithdrawal};
use idp_admin_api::unit::{Unit, UnitEdit, UnitNew, UnitQuery};
use idp_admin_api::user::{
    PositionEdit, PositionNew, RoleGrantNew, User, UserDisable, UserEdit, UserNew, UserQuery,
    UserSummary, UserWithLink,
};
use idp_admin_api::user_certificate::{UserCertificate, UserCertificateNew};
use idp_admin_api::user_import::{ImportReport, UserImport};
use idp_admin_api::{Page, PageQuery};

use super::{Answer, Api, Call};

/// Nothing to ask for.
const NO_QUERY: PageQuery = PageQuery {
    after: None,
    limit: None,
};

/// One function per operation; each is documented by its row in
/// [`idp_admin_api::operations::OPERATIONS`] and fails as the server refuses.
#[expect(
    missing_docs,
    reason = "each is the operation of its name in the table"
)]
impl Api {
    pub async fn units(&self, query: &UnitQuery) -> Answer<Page<Unit>> {
        self.get(paths::UNITS.into(), query).await
    }
    pub async fn unit(&self, unit: &str) -> Answer<Unit> {
        self.get(fill(paths::UNIT, &[unit]), &NO_QUERY).await
    }
    pub async fn add_unit(&self, unit: &UnitNew) -> Answer<Unit> {
        self.post(paths::UNITS.into(), unit).await
    }
    pub async fn edit_unit(&self, unit: &Unit, edit: &UnitEdit) -> Answer<Unit> {
        self.patch(fill(paths::UNIT, &[&unit.id]), unit.version, edit)
            .await
    }
    pub async fn disable_unit(&self, unit: &str) -> Answer<Unit> {
        self.act(fill(paths::UNIT_DISABLE, &[unit])).await
    }
    pub async fn enable_unit(&self, unit: &str) -> Answer<Unit> {
        self.act(fill(paths::UNIT_ENABLE, &[unit])).await
    }

    pub async fn users(&self, query: &UserQuery) -> Answer<Page<UserSummary>> {
        self.get(paths::USERS.into(), query).await
    }
    pub async fn user(&self, user: &str) -> Answer<User> {
        self.get(fill(paths::USER, &[user]), &NO_QUERY).await
    }
    pub async fn add_user(&self, user: &UserNew) -> Answer<UserWithLink> {
        self.post(paths::USERS.into(), user).await
    }
    pub async fn edit_user(&self, user: &User, edit: &UserEdit) -> Answer<User> {
        self.patch(fill(paths::USER, &[&user.id]), user.version, edit)
            .await
    }
    pub async fn disable_user(&self, user: &str, why: &UserDisable) -> Answer<User> {
        self.post(fill(paths::USER_DISABLE, &[user]), why).await
    }
    pub async fn enable_user(&self, user: &str) -> Answer<User> {
        self.act(fill(paths::USER_ENABLE, &[user])).await
    }
    pub async fn reset_user(&self, user: &str) -> Answer<UserWithLink> {
        self.act(fill(paths::USER_RESET, &[user])).await
    }
    pub async fn end_user_sessions(&self, user: &str) -> Answer<SessionsEnded> {
        self.act(fill(paths::USER_END_SESSIONS, &[user])).await
    }
    pub async fn assign_position(&self, user: &str, position: &PositionNew) -> Answer<User> {
        self.post(fill(paths::USER_POSITIONS, &[user]), position)
            .await
    }
    pub async fn edit_position(
        &self,
        user: &User,
        position: &str,
        edit: &PositionEdit,
    ) -> Answer<User> {
        let path = fill(paths::USER_POSITION, &[&user.id, position]);
        self.patch(path, user.version, edit).await
    }
    pub async fn unassign_position(&self, user: &str, position: &str) -> Answer<User> {
        let path = fill(paths::USER_POSITION, &[user, position]);
        self.change(Call::new(Method::DELETE, path)).await
    }
    pub async fn assign_role(&self, user: &str, role: &RoleGrantNew) -> Answer<User> {
        self.post(fill(paths::USER_ROLES, &[user]), role).await
    }
    pub async fn unassign_role(&self, user: &str, role: &str, unit: Option<&str>) -> Answer<User> {
        let mut call = Call::new(Method::DELETE, fill(paths::USER_ROLE, &[user, role]));
        call.query
            .extend(unit.map(|unit| ("unit".to_owned(), unit.to_owned())));
        self.change(call).await
    }
    pub async fn import_users(&self, import: &UserImport) -> Answer<ImportReport> {
        self.post(paths::USER_IMPORTS.into(), import).await
    }

    pub async fn registration_tokens(&self, page: &PageQuery) -> Answer<Page<RegistrationToken>> {
        self.get(paths::REGISTRATION_TOKENS.into(), page).await
    }
    pub async fn add_registration_token(
        &self,
        new: &RegistrationTokenNew,
    ) -> Answer<RegistrationTokenWithSecret> {
        self.post(paths::REGISTRATION_TOKENS.into(), new).await
    }
    pub async fn remove_registration_token(&self, token: &str) -> Answer<RegistrationToken> {
        let path = fill(paths::REGISTRATION_TOKEN, &[token]);
        self.change(Call::new(Method::DELETE, path)).await
    }

    pub async fn user_certificates(
        &self,
        user: &str,
        page: &PageQuery,
    ) -> Answer<Page<UserCertificate>> {
        self.get(fill(paths::USER_CERTIFICATES, &[user]), page)
            .await
    }
    pub async fn add_user_certificate(
        &self,
        user: &str,
        new: &UserCertificateNew,
    ) -> Answer<UserCertificate> {
        self.post(fill(paths::USER_CERTIFICATES, &[user]), new)
            .await
    }
    pub async fn remove_user_certificate(&self, user: &str, id: &str) -> Answer<SessionsEnded> {
        let path = fill(paths::USER_CERTIFICATE, &[user, id]);
        self.change(Call::new(Method::DELETE, path)).await
    }

    pub async fn trust_anchors(&self, page: &PageQuery) -> Answer<Page<TrustAnchor>> {
        self.get(paths::TRUST_ANCHORS.into(), page).await
    }
    pub async fn trust_anchor(&self, name: &str) -> Answer<TrustAnchor> {
        self.get(fill(paths::TRUST_ANCHOR, &[name]), &NO_QUERY)
            .await
    }
    pub async fn add_trust_anchor(&self, new: &TrustAnchorNew) -> Answer<TrustAnchor> {
        self.post(paths::TRUST_ANCHORS.into(), new).await
    }
    pub async fn edit_trust_anchor(&self, name: &str, rules: &TrustRules) -> Answer<TrustAnchor> {
        self.post(fill(paths::TRUST_ANCHOR_EDIT, &[name]), rules)
            .await
    }
    pub async fn distrust_trust_anchor(
        &self,
        name: &str,
        withdrawal: &TrustWithdrawal,
    ) -> Answer<TrustAnchor> {
        let path = fill(paths::TRUST_ANCHOR_DISTRUST, &[name]);
        self.post(path, withdrawal).await
    }

    pub async fn verify_certificate(
        &self,
        asked: &CertificateVerification,
    ) -> Answer<CertificateVerdict> {
        let call = Call::new(Method::POST, paths::CERTIFICATE_VERIFY.into());
        self.call(call.carrying(asked)?).await
    }

    pub async fn roles(&self, page: &PageQuery) -> Answer<Page<Role>> {
        self.get(paths::ROLES.into(), page).await
    }
    pub async fn role(&self, role: &str) -> Answer<Role> {
        self.get(fill(paths::ROLE, &[role]), &NO_QUERY).await
    }
    pub async fn add_role(&self, role: &RoleNew) -> Answer<Role> {
        self.post(paths::ROLES.into(), role).await
    }
    pub async fn edit_role(&self, role: &Role, edit: &RoleEdit) -> Answer<Role> {
        self.patch(fill(paths::ROLE, &[&role.name]), role.version, edit)
            .await
    }
    pub async fn remove_role(&self, role: &str) -> Answer<Role> {
        self.change(Call::new(Method::DELETE, fill(paths::ROLE, &[role])))
            .await
    }

    pub async fn clients(&self, query: &ClientQuery) -> Answer<Page<Client>> {
        self.get(paths::CLIENTS.into(), query).await
    }
    pub async fn client(&self, client: &str) -> Answer<Client> {
        self.get(fill(paths::CLIENT, &[client]), &NO_QUERY).await
    }
    pub async fn add_client(&self, client: &ClientNew) -> Answer<ClientWithSecret> {
        self.post(paths::CLIENTS.into(), client).await
    }
    pub async fn edit_client(&self, client: &Client, edit: &ClientEdit) -> Answer<Client> {
        self.patch(
            fill(paths::CLIENT, &[&client.client_id]),
            client.version,
            edit,
        )
        .await
    }
    pub async fn disable_client(&self, client: &str) -> Answer<Client> {
        self.act(fill(paths::CLIENT_DISABLE, &[client])).await
    }
    pub async fn enable_client(&self, client: &str) -> Answer<Client> {
        self.act(fill(paths::CLIENT_ENABLE, &[client])).await
    }
    pub async fn rotate_client_secret(
        &self,
        client: &str,
        rotation: &SecretRotation,
    ) -> Answer<ClientWithSecret> {
        self.post(fill(paths::CLIENT_ROTATE_SECRET, &[client]), rotation)
            .await
    }

    pub async fn keys(&self, page: &PageQuery) -> Answer<Page<Key>> {
        self.get(paths::KEYS.into(), page).await
    }
    pub async fn key(&self, kid: &str) -> Answer<Key> {
        self.get(fill(paths::KEY, &[kid]), &NO_QUERY).await
    }
    pub async fn rotate_key(&self, rotation: &KeyRotation) -> Answer<KeyRotated> {
        self.post(paths::KEY_ROTATIONS.into(), rotation).await
    }

    pub async fn sessions(&self, query: &SessionQuery) -> Answer<Page<Session>> {
        self.get(paths::SESSIONS.into(), query).await
    }
    pub async fn session(&self, session: &str) -> Answer<Session> {
        self.get(fill(paths::SESSION, &[session]), &NO_QUERY).await
    }
    pub async fn end_session(&self, session: &str) -> Answer<SessionsEnded> {
        self.act(fill(paths::SESSION_END, &[session])).await
    }

    pub async fn audit_events(&self, query: &AuditQuery) -> Answer<Page<AuditEvent>> {
        self.get(paths::AUDIT_EVENTS.into(), query).await
    }
    pub async fn verify_audit(&self, heads: &AuditVerification) -> Answer<AuditReport> {
        let call = Call::new(Method::POST, paths::AUDIT_VERIFY.into());
        self.call(call.carrying(heads)?).await
    }
    pub async fn export_audit(&self, query: &AuditExportQuery) -> Answer<AuditExport> {
        self.get(paths::AUDIT_EXPORT.into(), query).await
    }

    pub async fn outbox(&self, query: &DeliveryQuery) -> Answer<Page<Delivery>> {
        self.get(paths::OUTBOX.into(), query).await
    }
    pub async fn delivery(&self, delivery: &str) -> Answer<Delivery> {
        self.get(fill(paths::DELIVERY, &[delivery]), &NO_QUERY)
            .await
    }
    pub async fn retry_delivery(&self, delivery: &str) -> Answer<Delivery> {
        self.act(fill(paths::DELIVERY_RETRY, &[delivery])).await
    }

    pub async fn change_sets(&self, page: &PageQuery) -> Answer<Page<ChangeSet>> {
        self.get(paths::CHANGE_SETS.into(), page).await
    }
    pub async fn change_set(&self, id: &str) -> Answer<ChangeSet> {
        self.get(fill(paths::CHANGE_SET, &[id]), &NO_QUERY).await
    }
    pub async fn change_set_entries(
        &self,
        id: &str,
        page: &PageQuery,
    ) -> Answer<Page<ChangeSetEntry>> {
        self.get(fill(paths::CHANGE_SET_ENTRIES, &[id]), page).await
    }
    pub async fn compare_configuration(
        &self,
        page: &PageQuery,
    ) -> Answer<Page<ConfigurationDifference>> {
        self.get(paths::NODE_CONFIGURATION.into(), page).await
    }
    pub async fn agree_on_configuration(&self) -> Answer<Page<ConfigurationDifference>> {
        self.act(paths::NODE_CONFIGURATION_AGREE.into()).await
    }

    pub async fn undo_change_set(&self, id: &str) -> Answer<UndoReport> {
        self.act(fill(paths::CHANGE_SET_UNDO, &[id])).await
    }
}
