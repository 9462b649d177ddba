//! What the applications say, in Vietnamese and English.

use axum::http::HeaderMap;
use axum::http::header::ACCEPT_LANGUAGE;
use url::form_urlencoded;

use super::language_cookie;
use crate::ui::Locale;

/// Language of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Language {
    Vietnamese,
    English,
}

/// Every sentence of the pages.
#[derive(Debug)]
pub(super) struct Texts {
    pub(super) sign_in: &'static str,
    pub(super) sign_out: &'static str,
    pub(super) welcome: &'static str,
    pub(super) one_account: &'static str,
    pub(super) greeting: &'static str,
    pub(super) unit: &'static str,
    pub(super) no_unit: &'static str,
    pub(super) path: &'static str,
    pub(super) roles: &'static str,
    pub(super) no_roles: &'static str,
    pub(super) session: &'static str,
    pub(super) strength: &'static str,
    pub(super) level: &'static str,
    pub(super) means: &'static str,
    pub(super) auth_time: &'static str,
    pub(super) subject: &'static str,
    pub(super) provider_session: &'static str,
    pub(super) unknown: &'static str,
    pub(super) continue_in: &'static str,
    pub(super) no_second_sign_in: &'static str,
    pub(super) signed_out: &'static str,
    pub(super) signed_out_more: &'static str,
    pub(super) sign_in_again: &'static str,
    pub(super) demonstration: &'static str,
    pub(super) switch: &'static str,
}

static VIETNAMESE: Texts = Texts {
    sign_in: "Đăng nhập",
    sign_out: "Đăng xuất",
    welcome: "Bạn chưa đăng nhập",
    one_account: "Dùng tài khoản chung của tỉnh. Đăng nhập một lần, mở được mọi ứng dụng.",
    greeting: "Xin chào",
    unit: "Đơn vị công tác",
    no_unit: "Chưa có đơn vị",
    path: "Vị trí trong cơ cấu tổ chức",
    roles: "Vai trò trong ứng dụng",
    no_roles: "Chưa được gán vai trò nào",
    session: "Phiên đăng nhập",
    strength: "Mức xác thực",
    level: "Mức",
    means: "Phương thức",
    auth_time: "Thời điểm đăng nhập",
    subject: "Mã định danh trong ứng dụng",
    provider_session: "Mã phiên",
    unknown: "Không rõ",
    continue_in: "Ứng dụng khác của tỉnh",
    no_second_sign_in: "Không cần đăng nhập lại",
    signed_out: "Bạn đã đăng xuất",
    signed_out_more: "Phiên làm việc tại đây đã kết thúc. Nếu dùng máy chung, hãy đóng trình duyệt.",
    sign_in_again: "Đăng nhập lại",
    demonstration: "Ứng dụng minh họa. Mọi đơn vị và nhân vật đều là hư cấu.",
    switch: "English",
};

static ENGLISH: Texts = Texts {
    sign_in: "Sign in",
    sign_out: "Sign out",
    welcome: "You are not signed in",
    one_account: "Use your provincial account. Sign in once, open every application.",
    greeting: "Welcome",
    unit: "Your unit",
    no_unit: "No unit assigned",
    path: "Place in the organisation",
    roles: "Roles in this application",
    no_roles: "No role assigned",
    session: "Sign-in session",
    strength: "Authentication level",
    level: "Level",
    means: "Means",
    auth_time: "Signed in at",
    subject: "Identifier in this application",
    provider_session: "Session identifier",
    unknown: "Unknown",
    continue_in: "Another application of the province",
    no_second_sign_in: "No second sign-in needed",
    signed_out: "You are signed out",
    signed_out_more: "Your session here has ended. On a shared computer, close the browser too.",
    sign_in_again: "Sign in again",
    demonstration: "A demonstration. All units and people are invented.",
    switch: "Tiếng Việt",
};

impl Language {
    /// The language asked for by `?lang=`, else the one chosen before, else the browser's as the
    /// provider's own pages read it, else Vietnamese.
    pub(super) fn chosen(query: Option<&str>, headers: &HeaderMap) -> Self {
        let mut stated = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
        let stated = stated
            .find_map(|(name, value)| (name == "lang").then(|| Self::tagged(&value)).flatten());
        let remembered = || language_cookie(headers).and_then(Self::tagged);
        let accepted = || {
            let header = headers.get(ACCEPT_LANGUAGE)?.to_str().ok();
            Self::tagged(Locale::negotiate(None, None, header).tag())
        };
        let chosen = stated.or_else(remembered).or_else(accepted);
        chosen.unwrap_or(Self::Vietnamese)
    }

    fn tagged(tag: &str) -> Option<Self> {
        match tag {
            "vi" => Some(Self::Vietnamese),
            "en" => Some(Self::English),
            _ => None,
        }
    }

    /// The tag for `lang` attributes and links.
    pub(super) fn tag(self) -> &'static str {
        match self {
            Self::Vietnamese => "vi",
            Self::English => "en",
        }
    }

    /// The language that the switch leads to.
    pub(super) fn other(self) -> Self {
        match self {
            Self::Vietnamese => Self::English,
            Self::English => Self::Vietnamese,
        }
    }

    /// The `Set-Cookie` value that remembers the choice for a year.
    pub(super) fn cookie(self) -> &'static str {
        match self {
            Self::Vietnamese => "demo-lang=vi; Path=/; HttpOnly; SameSite=Lax; Max-Age=31536000",
            Self::English => "demo-lang=en; Path=/; HttpOnly; SameSite=Lax; Max-Age=31536000",
        }
    }

    /// The sentences.
    pub(super) fn texts(self) -> &'static Texts {
        match self {
            Self::Vietnamese => &VIETNAMESE,
            Self::English => &ENGLISH,
        }
    }

    /// An authentication method (RFC 8176) in words; unknown ones stay as they are.
    pub(super) fn means(self, amr: &str) -> &str {
        match (amr, self) {
            ("pwd", Self::Vietnamese) => "Mật khẩu",
            ("pwd", Self::English) => "Password",
            ("otp", Self::Vietnamese) => "Mã dùng một lần",
            ("otp", Self::English) => "One-time code",
            ("mfa", Self::Vietnamese) => "Nhiều yếu tố",
            ("mfa", Self::English) => "Several factors",
            ("hwk" | "swk" | "pop", Self::Vietnamese) => "Khóa bảo mật",
            ("hwk" | "swk" | "pop", Self::English) => "Security key",
            ("sc", Self::Vietnamese) => "Chứng thư số",
            ("sc", Self::English) => "Certificate",
            (other, _) => other,
        }
    }
}
