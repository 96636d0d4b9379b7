//! The failure of a command.

use std::fmt::Display;
use std::path::Path;
use std::process::ExitCode;

use anstyle::{AnsiColor, Style};

/// The reason why a command failed.
pub enum Failure {
    /// The error has already been printed.
    Reported,
    /// The error.
    Because(String),
    /// An error of the command line.
    Usage(String),
}

impl Failure {
    /// Creates a failure to read or write a file.
    pub fn file(path: &Path, error: impl Display) -> Self {
        Self::Because(format!("{}: {error}", path.display()))
    }

    /// Prints the error to standard error, and returns the exit code of the command.
    pub fn report(self) -> ExitCode {
        let code = if matches!(self, Self::Usage(_)) { 2 } else { 1 };
        if let Self::Because(message) | Self::Usage(message) = self {
            let red = Style::new().bold().fg_color(Some(AnsiColor::Red.into()));
            anstream::eprintln!("{red}error{red:#}: {message}");
        }
        ExitCode::from(code)
    }
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Because(error.to_string())
    }
}

/// Prints a line to standard output, with colours only on a terminal. A closed pipe ends the command without
/// an error.
pub fn say(line: impl Display) -> Result<(), Failure> {
    use std::io::Write;
    match writeln!(anstream::stdout(), "{line}") {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Err(Failure::Reported),
        other => Ok(other?),
    }
}
