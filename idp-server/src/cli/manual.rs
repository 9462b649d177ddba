//! The list of all commands at the end of `docs/operators/cli.md` and `cli.vi.md`, made from the
//! definition of the arguments: what is not in the pages is not in the program, and the other way.

use std::fmt::Write as _;

use clap::{Arg, Command, CommandFactory};

use super::args::Cli;
use super::language::{Language, Text, text};

/// Everything behind this line is generated.
const MARK: &str =
    "<!-- From here on generated: IDP_WRITE_MANUALS=1 cargo test --workspace --lib manual -->";

const HEAD: Text = text(
    "## Mọi lệnh\n\n`idp help <danh từ> <động từ>` giải thích từng tùy chọn. Các tùy chọn của mọi lệnh ở đầu trang.\n",
    "## All commands\n\n`idp help <noun> <verb>` explains each option. The options of every command are at the head of this page.\n",
);
const COLUMNS: Text = text(
    "| Lệnh | Tùy chọn | Để làm gì |\n|---|---|---|\n",
    "| Command | Options | What it does |\n|---|---|---|\n",
);

/// What each command does, in Vietnamese; the definition itself says it in English.
const VIETNAMESE: &[(&str, &str)] = &[
    ("serve", "Chạy hệ thống đăng nhập"),
    (
        "demo",
        "Dùng thử mọi thứ trên máy này: một tỉnh giả định với hai ứng dụng",
    ),
    ("init", "Viết cấu hình, khóa và quản trị viên đầu tiên"),
    (
        "config check",
        "Kiểm tra cấu hình và báo mọi lỗi cùng một lúc",
    ),
    (
        "config explain",
        "Giải thích một khóa: ý nghĩa, mặc định, giá trị hiện tại",
    ),
    (
        "store migrate",
        "Chuyển kho dữ liệu nhúng sang một cơ sở PostgreSQL trống, cho nhiều nút",
    ),
    (
        "doctor",
        "Tìm chỗ trục trặc: khóa, giờ, chứng thư, kho dữ liệu, quyền truy cập",
    ),
    ("unit add", "Thêm đơn vị"),
    ("unit show", "Xem một đơn vị"),
    ("unit list", "Liệt kê đơn vị theo mã"),
    (
        "unit search",
        "Tìm theo từ trong tên, có dấu hay không, hoặc phần đầu của mã",
    ),
    ("unit edit", "Đổi tên, đổi mã hoặc chuyển đơn vị"),
    (
        "unit disable",
        "Ngừng dùng đơn vị không còn người và đơn vị trực thuộc",
    ),
    ("unit enable", "Dùng lại đơn vị"),
    (
        "user add",
        "Thêm tài khoản; liên kết kích hoạt chỉ hiện một lần",
    ),
    ("user show", "Xem đầy đủ một tài khoản"),
    ("user list", "Liệt kê tài khoản theo tên gọi"),
    (
        "user search",
        "Tìm theo từ trong tên, có dấu hay không, hoặc tên đăng nhập, thư, số",
    ),
    ("user edit", "Đổi tên, thư, số, địa chỉ hoặc ngôn ngữ"),
    ("user disable", "Ngừng dùng tài khoản và kết thúc các phiên"),
    ("user enable", "Dùng lại tài khoản"),
    (
        "user certificate add",
        "Gắn chứng thư: ai giữ khóa của nó thì đăng nhập được như chủ tài khoản",
    ),
    (
        "user certificate list",
        "Liệt kê chứng thư của một tài khoản và cho biết còn giá trị không",
    ),
    (
        "user certificate remove",
        "Gỡ chứng thư và kết thúc các phiên bắt đầu bằng nó",
    ),
    ("user reset", "Tạo liên kết kích hoạt mới, chỉ hiện một lần"),
    ("user assign", "Giao vị trí ở một đơn vị, hoặc một vai trò"),
    ("user unassign", "Kết thúc ngay một vị trí hoặc vai trò"),
    (
        "user edit-position",
        "Đổi chức danh, ngày kết thúc hoặc thứ hạng của một vị trí",
    ),
    (
        "user import",
        "Thêm nhiều tài khoản từ tệp CSV: tất cả hoặc không ai",
    ),
    ("role add", "Thêm vai trò"),
    ("role show", "Xem một vai trò"),
    ("role list", "Liệt kê vai trò"),
    ("role edit", "Đổi tên hoặc mô tả của vai trò"),
    ("role remove", "Xóa vai trò không còn ai giữ"),
    ("client add", "Đăng ký ứng dụng; mã bí mật chỉ hiện một lần"),
    ("client show", "Xem một ứng dụng"),
    ("client list", "Liệt kê ứng dụng theo client_id"),
    (
        "client search",
        "Tìm theo từ trong tên, có dấu hay không, hoặc phần đầu của client_id",
    ),
    ("client edit", "Sửa ứng dụng"),
    (
        "client check",
        "Nêu điểm yếu của một hoặc mọi ứng dụng và cách sửa",
    ),
    (
        "client disable",
        "Ngừng dùng ứng dụng: không được cấp token nữa",
    ),
    ("client enable", "Dùng lại ứng dụng"),
    (
        "client rotate-secret",
        "Tạo mã bí mật mới, chỉ hiện một lần",
    ),
    ("registration-token add", "Tạo mã đăng ký; chỉ hiện một lần"),
    (
        "registration-token list",
        "Liệt kê mã đăng ký, mới nhất trước",
    ),
    (
        "registration-token remove",
        "Thu hồi mã; ứng dụng đã đăng ký bằng mã đó vẫn giữ",
    ),
    (
        "trust add",
        "Tin một CA: tin khóa của CA đó, dù mang tên gì",
    ),
    ("trust list", "Liệt kê các CA theo tên"),
    ("trust show", "Xem một CA và quy tắc của nó"),
    (
        "trust edit",
        "Đổi những quy tắc được nêu; các quy tắc khác giữ nguyên",
    ),
    (
        "trust distrust",
        "Thôi tin: không ai đăng nhập bằng chứng thư dưới CA đó nữa",
    ),
    (
        "trust check",
        "Tìm điều cần làm: hết hạn, sắp hết hạn, yếu, hỏi trạng thái ở đâu",
    ),
    (
        "certificate verify",
        "Cho biết một chứng thư hoặc chữ ký có giá trị gì",
    ),
    ("key list", "Liệt kê khóa, mới nhất trước"),
    ("key show", "Xem một khóa; không bao giờ hiện phần bí mật"),
    ("key rotate", "Tạo khóa kế tiếp"),
    ("session list", "Liệt kê phiên, mới nhất trước"),
    (
        "session show",
        "Xem một phiên và các ứng dụng đã dùng phiên đó",
    ),
    (
        "session end",
        "Kết thúc một phiên hoặc mọi phiên của một người và báo cho ứng dụng",
    ),
    ("audit tail", "Xem các sự kiện mới nhất, cũ trước mới sau"),
    (
        "audit verify",
        "Kiểm chứng không sự kiện nào bị sửa, xóa hay cắt bớt",
    ),
    (
        "audit export",
        "Chép các khối đã niêm phong ra tệp, mỗi khối một dòng, kèm khóa kiểm chứng",
    ),
    ("outbox list", "Liệt kê bản gửi, mới nhất trước"),
    ("outbox show", "Xem một bản gửi"),
    ("outbox retry", "Gửi lại ngay một bản đang chờ"),
    (
        "node compare",
        "Liệt kê khóa mà nút này cấu hình khác với các nút đã thống nhất",
    ),
    (
        "node agree",
        "Lấy cấu hình của nút này làm chuẩn; các nút khác phải theo",
    ),
    (
        "change-set list",
        "Liệt kê các đợt thay đổi, mới nhất trước",
    ),
    ("change-set show", "Xem một đợt thay đổi"),
    (
        "change-set undo",
        "Khôi phục những gì chưa ai sửa sau đó và liệt kê phần còn lại",
    ),
    ("completion", "Viết tệp gợi ý lệnh cho bash, zsh hoặc fish"),
    (
        "reasons",
        "Liệt kê mọi lý do từ chối và cách xử lý, hoặc giải thích một lý do",
    ),
    ("openapi", "Viết mô tả OpenAPI của API quản trị"),
];

/// Every command that does something, with its name below `idp`.
fn commands() -> Vec<(String, Command)> {
    fn below(command: &Command, name: &str, found: &mut Vec<(String, Command)>) {
        let inner = command.get_subcommands().filter(|c| c.get_name() != "help");
        let inner: Vec<_> = inner.collect();
        if inner.is_empty() {
            found.push((name.to_owned(), command.clone()));
        }
        for command in inner {
            let name = format!("{name} {}", command.get_name());
            below(command, name.trim_start(), found);
        }
    }
    let mut found = Vec::new();
    below(&Cli::command(), "", &mut found);
    found
}

fn about(name: &str, command: &Command, language: Language) -> String {
    match language {
        Language::En => command.get_about().map(ToString::to_string).unwrap(),
        Language::Vi => {
            let said = VIETNAMESE.iter().find(|(known, _)| *known == name);
            let (_, said) = said.unwrap_or_else(|| panic!("`idp {name}` has no Vietnamese here"));
            (*said).to_owned()
        }
    }
}

/// An argument as it is typed: `--limit N`, `CLIENT`.
fn typed(argument: &Arg) -> String {
    let long = argument.get_long().map(|name| format!("--{name}"));
    let takes = argument.get_num_args().is_none_or(|n| n.takes_values());
    let takes = takes && argument.get_action().takes_values();
    let value = argument
        .get_value_names()
        .and_then(|names| names.first())
        .filter(|_| takes)
        .map(ToString::to_string);
    let parts = [long, value];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// Needed ones stand beside the command, the others in the second column.
fn row(name: &str, command: &Command, language: Language) -> String {
    let mut line = format!("idp {name}");
    let mut options = Vec::new();
    let own = |argument: &&Arg| !argument.is_global_set() && argument.get_id() != "help";
    for argument in command.get_arguments().filter(own) {
        match (argument.get_long(), argument.is_required_set()) {
            (_, true) => write!(line, " {}", typed(argument)).unwrap(),
            (None, false) => write!(line, " [{}]", typed(argument)).unwrap(),
            (Some(_), false) => options.push(format!("`{}`", typed(argument))),
        }
    }
    let cells = [
        format!("`{line}`"),
        options.join(" "),
        about(name, command, language),
    ];
    // A bar would end the cell, even between backquotes.
    let cells = cells.map(|cell| cell.replace('|', "\\|"));
    format!("| {} |\n", cells.join(" | "))
}

fn list(language: Language) -> String {
    let mut list = format!("{MARK}\n\n{}", language.pick(HEAD));
    // What has no verbs stands together, before the nouns.
    let (alone, nouns): (Vec<_>, Vec<_>) = commands()
        .into_iter()
        .partition(|(name, _)| !name.contains(' '));
    let mut present = None;
    for (name, command) in alone.into_iter().chain(nouns) {
        let noun = name.split_once(' ').map(|(noun, _)| noun.to_owned());
        if present.as_ref() != Some(&noun) {
            let title = noun
                .as_deref()
                .map_or("idp".to_owned(), |noun| format!("idp {noun}"));
            write!(list, "\n### `{title}`\n\n{}", language.pick(COLUMNS)).unwrap();
            present = Some(noun);
        }
        list.push_str(&row(&name, &command, language));
    }
    list
}

/// Set `IDP_WRITE_MANUALS=1` to write the lists anew after a change of the arguments.
#[test]
fn the_list_of_commands_in_the_manual_is_current() {
    for (page, language) in [("cli.md", Language::En), ("cli.vi.md", Language::Vi)] {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/operators/");
        let path = format!("{folder}{page}");
        let present = std::fs::read_to_string(&path).unwrap();
        let written = present.split(MARK).next().unwrap_or_default().trim_end();
        let wanted = format!("{written}\n\n{}", list(language));
        if std::env::var_os("IDP_WRITE_MANUALS").is_some() {
            std::fs::write(&path, &wanted).unwrap();
        }
        let current = std::env::var_os("IDP_WRITE_MANUALS").is_some() || present == wanted;
        assert!(
            current,
            "{page}: run this test with IDP_WRITE_MANUALS=1 and commit the page"
        );
    }
}

/// Every noun, verb and option occurs in both pages, whoever wrote them.
#[test]
fn the_manual_names_every_noun_verb_and_option() {
    for page in ["cli.md", "cli.vi.md"] {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/operators/");
        let written = std::fs::read_to_string(format!("{folder}{page}")).unwrap();
        for (name, command) in commands() {
            assert!(
                written.contains(&format!("`idp {name}")),
                "{page}: idp {name}"
            );
            for argument in command.get_arguments() {
                let Some(long) = argument.get_long().filter(|long| *long != "help") else {
                    continue;
                };
                let said = ["`", " "].map(|before| format!("{before}--{long}"));
                let said = said.iter().any(|said| written.contains(said));
                assert!(said, "{page}: {name} --{long}");
            }
        }
        for argument in Cli::command().get_arguments() {
            let long = argument
                .get_long()
                .filter(|long| !["help", "version"].contains(long));
            let Some(long) = long else { continue };
            assert!(written.contains(&format!("`--{long}")), "{page}: --{long}");
        }
    }
    let known: Vec<String> = commands().into_iter().map(|(name, _)| name).collect();
    for (name, _) in VIETNAMESE {
        assert!(known.iter().any(|k| k == name), "`idp {name}` is gone");
    }
}
