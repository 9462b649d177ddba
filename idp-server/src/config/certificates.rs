//! `[certificates]`: people who sign in with certificates.

use std::net::IpAddr;

use idp_core::model::authentication::Level;

use super::key::Absent::Value;
use super::key::Kind::{Switch, Words};
use super::key::keys;
use super::reader::Reader;
use crate::listen::network::Network;
use crate::ui::pages::SigningAgent;

keys! {
    "certificates.sign_in": Switch, Value("false"), "true",
        "Cho phép đăng nhập bằng chứng thư số của các tổ chức trong `idp trust list`.",
        "Whether people sign in with certificates of the authorities in `idp trust list`.";
    "certificates.agents": Words, Value("vgca"), "vgca",
        "Phần mềm ký số trên máy người dùng mà trang đăng nhập gọi đến: vgca (Ban Cơ yếu Chính phủ). Để trống thì chỉ còn cách ký tệp.",
        "Signing programs on people's machines that the page speaks to: vgca (the government's). Empty: only files are signed.";
    "certificates.agent_networks": Words, Value("127.0.0.0/8, ::1/128, 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, fc00::/7"), "10.20.0.0/16",
        "Các mạng (CIDR) của cơ quan được đăng nhập bằng chữ ký số. Phần mềm ký số ký mọi nội dung trang gửi đến, nên không dùng từ Internet và không bao giờ cho người quản trị.",
        "The office networks (CIDR) where signatures sign in. Signing programs sign whatever a page gives them: not from the Internet, and never for administrators.";
}

/// How people sign in with certificates.
#[derive(Clone, Debug, Default)]
pub struct CertificateSettings {
    /// Whether they do.
    pub sign_in: bool,
    /// Which agents the page speaks to.
    pub agents: Vec<SigningAgent>,
    /// From where.
    pub agent_networks: Vec<Network>,
}

impl CertificateSettings {
    /// The levels that can be reached here: a token and its PIN are two factors.
    pub(super) fn levels(&self) -> Vec<Level> {
        let two = self.sign_in.then_some(Level::Two);
        [Level::One].into_iter().chain(two).collect()
    }

    /// Whether signing agents may be used from an address; nowhere from an unknown one.
    pub fn is_office(&self, address: Option<IpAddr>) -> bool {
        let within = |address| self.agent_networks.iter().any(|n| n.contains(address));
        address.is_some_and(within)
    }
}

pub(super) fn read(reader: &mut Reader<'_>) -> CertificateSettings {
    CertificateSettings {
        sign_in: reader.switch("certificates.sign_in"),
        agents: agents(reader),
        agent_networks: networks(reader),
    }
}

fn agents(reader: &mut Reader<'_>) -> Vec<SigningAgent> {
    let mut agents = Vec::new();
    for text in reader.words("certificates.agents") {
        match SigningAgent::ALL
            .into_iter()
            .find(|known| known.name() == text)
        {
            Some(agent) => agents.push(agent),
            None => reader.problem(
                "certificates.agents",
                format!("`{text}` is no known signing program"),
                "vgca",
            ),
        }
    }
    agents
}

fn networks(reader: &mut Reader<'_>) -> Vec<Network> {
    let key = "certificates.agent_networks";
    let mut networks = Vec::new();
    for text in reader.words(key) {
        match text.parse::<Network>() {
            Ok(network) if network.is_everything() => {
                let wrong = format!("`{text}` is everywhere");
                reader.problem(key, wrong, "the networks of the offices alone");
            }
            Ok(network) => networks.push(network),
            Err(error) => {
                let wrong = format!("`{text}`: {error}");
                reader.problem(key, wrong, "networks like \"10.20.0.0/16\"");
            }
        }
    }
    networks
}
