//! A PostgreSQL of its own, from the Debian packages, on a free port of the loopback.

use std::fs::{self, File};
use std::io::{BufWriter, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::Result;

/// Where Debian puts each version.
const VERSIONS: &str = "/usr/lib/postgresql";
const DATABASE: &str = "bench";

/// A running cluster; it ends with this value.
pub struct Postgres {
    server: Child,
    address: SocketAddr,
    password: String,
    folder: TempDir,
}

impl Postgres {
    /// Makes a cluster with an empty database that has PostGIS, and starts it.
    pub fn start() -> Result<Self> {
        let programs = programs()?;
        let folder = tempfile::Builder::new().prefix("bench-postgres-").tempdir()?;
        let owner = owner()?;
        let password = secret()?;
        fs::write(folder.path().join("password"), &password)?;
        if let Some((user, group)) = owner {
            for path in [folder.path().to_owned(), folder.path().join("password")] {
                chown(path, Some(user), Some(group))?;
            }
        }
        let run = |program: &str| {
            let mut command = Command::new(programs.join(program));
            if let Some((user, group)) = owner {
                command.uid(user).gid(group);
            }
            command.current_dir(folder.path()).stdin(Stdio::null());
            command
        };
        let mut initdb = run("initdb");
        initdb.args(["--pgdata", "data", "--username", "postgres", "--encoding", "UTF8", "--no-locale"]);
        // The folder is its owner's alone, and so is the socket in it.
        initdb.args(["--auth-local", "trust", "--auth-host", "scram-sha-256", "--pwfile", "password"]);
        succeed(&mut initdb)?;

        // Free now; PostgreSQL cannot pick one by itself.
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let log = File::create(folder.path().join("log"))?;
        let mut server = run("postgres");
        server.args(["-D", "data", "-h", "127.0.0.1", "-p", &address.port().to_string(), "-k"]).arg(folder.path());
        // Compiling the nearest search takes longer than the search; the rest is as Debian has it.
        server.args(["-c", "jit=off"]);
        let server = server.stdout(log.try_clone()?).stderr(log).spawn()?;
        let this = Self { server, address, password, folder };
        this.wait()?;
        this.psql("postgres", &format!("CREATE DATABASE {DATABASE}"), |_| Ok(()))?;
        this.sql("CREATE EXTENSION postgis")?;
        Ok(this)
    }

    fn wait(&self) -> Result {
        let deadline = Instant::now() + Duration::from_secs(30);
        while let Err(e) = self.psql("postgres", "SELECT 1", |_| Ok(())) {
            if Instant::now() > deadline {
                let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
                return Err(format!("PostgreSQL does not start: {e}\n{log}").into());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    /// Where clients find the database.
    pub fn uri(&self) -> String {
        format!("postgres://postgres:{}@{}/{DATABASE}", self.password, self.address)
    }

    /// Runs a statement, and gives what it answers.
    pub fn sql(&self, statement: &str) -> Result<String> {
        self.psql(DATABASE, statement, |_| Ok(()))
    }

    /// Runs a `COPY … FROM STDIN` with these lines.
    pub fn copy(&self, statement: &str, mut lines: impl Iterator<Item = String>) -> Result {
        self.psql(DATABASE, statement, |input| lines.try_for_each(|line| writeln!(input, "{line}")))?;
        Ok(())
    }

    fn psql(&self, database: &str, statement: &str, write: impl FnOnce(&mut dyn Write) -> std::io::Result<()>) -> Result<String> {
        let mut command = Command::new("psql");
        command.args(["--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--set", "ON_ERROR_STOP=1", "--username", "postgres"]);
        command.arg("--host").arg(self.folder.path()).args(["--port", &self.address.port().to_string(), "--dbname", database]);
        command.args(["--command", statement]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut psql = command.spawn().map_err(|e| format!("psql: {e}"))?;
        if let Some(input) = psql.stdin.take() {
            let mut input = BufWriter::new(input);
            // A statement that failed reads nothing; its own message says more.
            let _ = write(&mut input).and_then(|()| input.flush());
        }
        let output = psql.wait_with_output()?;
        if !output.status.success() {
            return Err(format!("{statement}: {}", String::from_utf8_lossy(&output.stderr).trim()).into());
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // Ends at once, and takes its other processes along.
        let _ = Command::new("kill").args(["-QUIT", &self.server.id().to_string()]).status();
        let _ = self.server.wait();
    }
}

/// The programs of the newest version that has PostGIS.
fn programs() -> Result<PathBuf> {
    let missing = "PostgreSQL with PostGIS is missing: apt-get install postgresql postgresql-postgis";
    let mut versions: Vec<u32> = fs::read_dir(VERSIONS)
        .map_err(|_| missing)?
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|version| Path::new(&format!("/usr/share/postgresql/{version}/extension/postgis.control")).exists())
        .collect();
    versions.sort_unstable();
    Ok(Path::new(VERSIONS).join(versions.pop().ok_or(missing)?.to_string()).join("bin"))
}

/// Whom to run it as: PostgreSQL refuses root, and the package brings a user.
fn owner() -> Result<Option<(u32, u32)>> {
    if id(&["-u"])? != 0 {
        return Ok(None);
    }
    Ok(Some((id(&["-u", "postgres"])?, id(&["-g", "postgres"])?)))
}

fn id(arguments: &[&str]) -> Result<u32> {
    Ok(String::from_utf8(Command::new("id").args(arguments).output()?.stdout)?.trim().parse()?)
}

/// A password that nobody guesses.
pub fn secret() -> Result<String> {
    let mut bytes = [0; 16];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn succeed(command: &mut Command) -> Result {
    let output = command.output().map_err(|e| format!("{command:?}: {e}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{command:?}: {}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr)).into())
}
