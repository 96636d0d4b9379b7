//! Why a command did not do what it was asked to.

use std::fmt::Display;
use std::path::Path;
use std::process::ExitCode;

use anstyle::{AnsiColor, Style};

/// Why a command did not do what it was asked to.
pub enum Failure {
    /// What is wrong has been said already.
    Reported,
    /// What is wrong.
    Because(String),
}

impl Failure {
    /// A failure to read or write a file.
    pub fn file(path: &Path, error: impl Display) -> Self {
        Self::Because(format!("{}: {error}", path.display()))
    }

    /// Says what is wrong on standard error; the exit code of the command.
    pub fn report(self) -> ExitCode {
        if let Self::Because(message) = self {
            let red = Style::new().bold().fg_color(Some(AnsiColor::Red.into()));
            anstream::eprintln!("{red}error{red:#}: {message}");
        }
        ExitCode::from(1)
    }
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Because(error.to_string())
    }
}

/// Prints a line on standard output, colours only on a terminal; a closed pipe ends the command as it should.
pub fn say(line: impl Display) -> Result<(), Failure> {
    use std::io::Write;
    match writeln!(anstream::stdout(), "{line}") {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Err(Failure::Reported),
        other => Ok(other?),
    }
}
