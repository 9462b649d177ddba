//! `idp init`: a configuration, keys, an empty store, and the first administrator.
//!
//! Everything is made in a folder of its own beside its place and moved there last, so that an
//! attempt that fails leaves nothing behind.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use idp_core::admin::acting::{Act, ActingAdministrator};
use idp_core::admin::user::{self, MadeLink, RoleGrantNew, UserNew};
use idp_core::base::entropy::Entropy;
use idp_core::base::fault::Fault;
use idp_core::event::{Actor, Circumstances, What};
use idp_core::model::configuration::SharedConfiguration;
use idp_core::model::identifier::IdentifierKind;
use idp_core::model::role::RoleName;
use idp_core::model::user::{AccountKind, User};
use idp_core::organisation::UnitTree;
use idp_core::store::change::{Batch, Change, Write};
use idp_core::store::decision::Outcome;
use serde::Serialize;

use super::args::{Format, InitArgs};
use super::failure::Failure;
use super::language::{Said, Text, text};
use super::output::Output;
use crate::config::{Basics, Settings, default_file};
use crate::founding;
use crate::outside::clock::Clock;
use crate::outside::entropy::Generator;
use crate::outside::master_key::MasterKey;
use crate::serving;
use crate::wiring::{Installation, Parts, Place, assemble};

/// The configuration's file within the folder.
const FILE: &str = "idp.toml";
/// The folder of secrets within the folder.
const SECRETS: &str = "secrets";
/// The data folder within the folder.
const DATA: &str = "data";

/// What was made. The link is the only secret and is shown once.
#[derive(Debug, Serialize)]
pub struct Initialised {
    /// The configuration's file.
    pub configuration: PathBuf,
    /// The key-encrypting key's file, to be backed up apart from the data.
    pub master_key: PathBuf,
    /// The issuer.
    pub issuer: String,
    /// The first administrator's user name.
    pub administrator: String,
    /// The one-time link by which the administrator sets a password.
    pub activation_link: String,
    /// Until when the link works, in Unix seconds.
    pub link_expires_at: i64,
}

/// Runs the command.
///
/// # Errors
/// A failure that says which rule is broken or which file is there already; nothing was made then.
pub async fn run(args: &InitArgs, output: &mut Output) -> Result<(), Failure> {
    let made = initialise(args, Clock::system()).await?;
    if output.style.format != Format::Table {
        return output.json(&made);
    }
    let pick = |text: Text| output.style.language.pick(text);
    let lines = [
        format!("{}: {}", pick(CONFIGURATION), made.configuration.display()),
        format!("{}: {}", pick(MASTER_KEY), made.master_key.display()),
        format!("{}: {}", pick(LINK), made.activation_link),
        format!(
            "{}: idp serve --config {}",
            pick(NEXT),
            made.configuration.display()
        ),
    ];
    lines.iter().try_for_each(|line| output.line(line))
}

/// Makes the installation.
///
/// # Errors
/// As [`run`].
pub async fn initialise(args: &InitArgs, clock: Clock) -> Result<Initialised, Failure> {
    refuse_existing(&args.dir)?;
    let issuer = args.issuer.as_str().trim_end_matches('/').to_owned();
    let written = default_file(&Basics {
        issuer: &issuer,
        province_name: &args.province_name,
        administrator: &args.admin,
    });
    fs::create_dir_all(&args.dir).map_err(|e| Failure::file(&args.dir, e))?;
    // Removed when dropped, with everything that was not moved out of it.
    let making = tempfile::Builder::new()
        .prefix(".idp-init-")
        .tempdir_in(&args.dir)
        .map_err(|e| Failure::file(&args.dir, e))?;
    let settings = Settings::parse(&written, making.path(), [])
        .map_err(|problems| Failure::usage(problems.to_string()))?;
    make_folder(&making.path().join(SECRETS))?;
    let generator = Generator::system();
    let mut entropy = generator.entropy().map_err(|fault| failed(&fault))?;
    let master = MasterKey::generate(&mut entropy);
    let key_file = making.path().join(SECRETS).join("master.key");
    master
        .write_new(&key_file, &settings.store.folder)
        .map_err(|problem| Failure::file(&key_file, problem.to_string()))?;
    let founded = found(args, &settings, &master, clock, &mut entropy).await?;
    write_private(&making.path().join(FILE), &written)?;
    move_into_place(making.path(), &args.dir)?;
    let link = format!("/activate?link={}", founded.secret.expose());
    Ok(Initialised {
        configuration: args.dir.join(FILE),
        master_key: args.dir.join(SECRETS).join("master.key"),
        issuer: settings.issuer.url.as_str().to_owned(),
        administrator: args.admin.clone(),
        activation_link: settings.issuer.url.endpoint(&link),
        link_expires_at: founded.expires_at.seconds(),
    })
}

fn failed(fault: &Fault) -> Failure {
    Failure::failed(fault.to_string())
}

/// Nothing is ever overwritten: not the configuration, not the key, not the data.
fn refuse_existing(folder: &Path) -> Result<(), Failure> {
    for name in [FILE, SECRETS, DATA] {
        let path = folder.join(name);
        if fs::symlink_metadata(&path).is_ok() {
            return Err(Failure::file(
                &path,
                Said::new(
                    "đã có sẵn; không ghi đè gì cả",
                    "is there already; nothing is overwritten",
                ),
            ));
        }
    }
    Ok(())
}

fn make_folder(path: &Path) -> Result<(), Failure> {
    fs::create_dir(path)
        .and_then(|()| fs::set_permissions(path, fs::Permissions::from_mode(0o700)))
        .map_err(|e| Failure::file(path, e))
}

fn write_private(path: &Path, written: &str) -> Result<(), Failure> {
    fs::write(path, written)
        .and_then(|()| fs::set_permissions(path, fs::Permissions::from_mode(0o600)))
        .map_err(|e| Failure::file(path, e))
}

/// The configuration comes last: where it is, everything is.
fn move_into_place(from: &Path, to: &Path) -> Result<(), Failure> {
    for name in [SECRETS, DATA, FILE] {
        let place = to.join(name);
        fs::rename(from.join(name), &place).map_err(|e| Failure::file(&place, e))?;
    }
    Ok(())
}

/// Fills a new store, seals its first events and closes it.
async fn found(
    args: &InitArgs,
    settings: &Settings,
    master: &MasterKey,
    clock: Clock,
    entropy: &mut Entropy,
) -> Result<MadeLink, Failure> {
    let parts = Parts {
        policy: settings.policy(),
        shared: SharedConfiguration::default(),
        place: Place::Folder {
            path: settings.store.folder.clone(),
            create: true,
        },
        tickets: None,
        master,
        device: None,
        branding: settings.branding().clone(),
        logo: None,
        certificates: settings.certificates.clone(),
        fetch: settings.outgoing.clone(),
        hashing: settings.passwords.bounds,
        clock,
    };
    let installation = assemble(parts).await.map_err(|fault| failed(&fault))?;
    let filled = fill(args, &installation, entropy).await;
    let closed = serving::close(installation, &Arc::default()).await;
    let link = filled?;
    closed.map_err(|fault| failed(&fault))?;
    Ok(link)
}

/// Keys, built-in roles and the first administrator, in one commit.
async fn fill(
    args: &InitArgs,
    installation: &Installation,
    entropy: &mut Entropy,
) -> Result<MadeLink, Failure> {
    let provider = &installation.site.provider;
    let issuer = provider.policy.issuer_key.clone();
    let now = installation.site.clock.now();
    let here = Circumstances::of_system(issuer.clone(), now);
    let act = Act {
        by: &ActingAdministrator::of_installation(),
        tree: &UnitTree::new(Vec::new()),
        here: &here,
        policy: &provider.policy,
        sealing: &provider.outbox_sealing,
        client_sealing: &provider.client_sealing,
        expected: None,
    };
    let (link, administrator) = first_administrator(args, &act, entropy)?;
    let maker = installation.key_maker.as_ref();
    let keys = founding::keys(maker, &issuer, now, entropy)
        .await
        .map_err(|f| failed(&f))?;
    let roles = founding::built_in_roles().map(|role| Change::Role(Write::Put(role)));
    let keys = keys.into_iter().map(|key| Change::Key(Write::Put(key)));
    let mut batch = Batch {
        changes: keys.chain(roles).chain(administrator.changes).collect(),
        events: vec![here.event(Actor::System, What::Initialised, entropy)],
    };
    batch.events.extend(administrator.events);
    let records = &provider.records;
    records
        .commit(batch)
        .await
        .map_err(|e| Failure::failed(e.to_string()))?;
    let issuer = provider.policy.issuer.as_str();
    records
        .set_setting("issuer", issuer)
        .await
        .map_err(|fault| failed(&fault))?;
    Ok(link)
}

fn first_administrator(
    args: &InitArgs,
    act: &Act<'_>,
    entropy: &mut Entropy,
) -> Result<(MadeLink, Batch), Failure> {
    let new = UserNew {
        kind: AccountKind::Administrator,
        name: args.admin_name.clone(),
        identifiers: vec![(IdentifierKind::UserName, args.admin.clone())],
        address: Vec::new(),
        locale: None,
        positions: Vec::new(),
        roles: vec![RoleGrantNew {
            role: RoleName::province_administrator().to_string(),
            unit: None,
            from: None,
            until: None,
        }],
        activation_link: true,
    };
    let decision = user::add(act, &new, &founding::built_in_roles(), entropy);
    let (outcome, batch): (Outcome<(User, Option<MadeLink>)>, Batch) = decision.into_parts();
    match outcome {
        Outcome::Done((_, Some(link))) => Ok((link, batch)),
        Outcome::Refused(refusal) => {
            let reason = refusal.reason;
            Err(Failure::usage(format!(
                "{}: {}",
                reason.name(),
                reason.rule()
            )))
        }
        Outcome::Done((_, None)) | Outcome::Need(_) => Err(Failure::failed(
            "the first administrator got no link".to_owned(),
        )),
    }
}

const CONFIGURATION: Text = text("Cấu hình", "Configuration");
const MASTER_KEY: Text = text(
    "Khoá chủ (sao lưu riêng, tách khỏi dữ liệu)",
    "Master key (back it up apart from the data)",
);
const LINK: Text = text(
    "Liên kết dùng một lần để quản trị viên đặt mật khẩu (chỉ hiện lần này)",
    "One-time link by which the administrator sets a password (shown only now)",
);
const NEXT: Text = text("Tiếp theo", "Next");

#[cfg(test)]
mod tests;
