//! What people read of a file that cannot be imported, in both languages. Apart from the reading
//! itself, which is fuzzed alone, without a command line around it.

use idp_admin_api::user_import::MAX_ROWS;

use super::import_file::FileProblem;
use super::language::Said;

impl From<FileProblem> for Said {
    fn from(problem: FileProblem) -> Self {
        let english = problem.to_string();
        let vietnamese = match problem {
            FileProblem::NotUtf8 => "tệp không phải UTF-8; hãy lưu dạng \"CSV UTF-8\"".to_owned(),
            FileProblem::Empty => "tệp rỗng".to_owned(),
            FileProblem::UnknownColumn(name) => {
                format!("không biết cột \"{name}\"; xem `idp help user import`")
            }
            FileProblem::RepeatedColumn(name) => format!("cột \"{name}\" xuất hiện hai lần"),
            FileProblem::NoName => "thiếu cột họ và tên (name)".to_owned(),
            FileProblem::NoRows => "dưới hàng tên cột không có dòng nào".to_owned(),
            FileProblem::TooManyRows => format!("tệp có hơn {MAX_ROWS} dòng; hãy chia nhỏ"),
            FileProblem::Uneven(line) => format!("dòng {line}: số ô không khớp với các cột"),
            FileProblem::UnknownKind { line, kind } => {
                format!("dòng {line}: không biết loại tài khoản \"{kind}\"")
            }
        };
        Self::new(vietnamese, english)
    }
}
