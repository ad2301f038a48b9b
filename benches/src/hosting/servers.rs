//! nginx and Caddy of Debian, serving a folder with and without TLS, as their packages configure
//! them, but without access logs, and with connections that stay.

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::authority::Issued;
use crate::Result;
use crate::bare_hyper::Process;

/// A server of files. It ends with this value.
pub struct FileServer {
    pub http: SocketAddr,
    pub https: SocketAddr,
    _process: Process,
    _folder: TempDir,
}

/// Starts nginx.
pub fn nginx(site: &Path, name: &str, certificate: &Issued) -> Result<FileServer> {
    start(certificate, |folder, http, https| {
        let (folder, site) = (folder.display(), site.display());
        let listens = format!("listen {http};\nlisten {https} ssl http2;\nserver_name {name};\nroot {site};");
        let tls = format!("ssl_certificate {folder}/chain.pem;\nssl_certificate_key {folder}/key.pem;\nssl_protocols TLSv1.2 TLSv1.3;");
        let temporary: String =
            ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(|kind| format!("{kind}_temp_path {folder}/{kind};\n")).concat();
        // Debian's user may not read the folder.
        let user = if is_root() { "user root;\n" } else { "" };
        let config = format!(
            "{user}worker_processes auto;\npid {folder}/pid;\nerror_log {folder}/error.log;\nevents {{ worker_connections 768; }}\n\
             http {{\nsendfile on;\ntcp_nopush on;\ntypes_hash_max_size 2048;\ninclude /etc/nginx/mime.types;\ngzip on;\naccess_log off;\n\
             keepalive_requests 1000000000;\n{temporary}server {{\n{listens}\n{tls}\n}}\n}}\n"
        );
        fs::write(format!("{folder}/nginx.conf"), config)?;
        let mut command = Command::new("nginx");
        command.args(["-p", &folder.to_string(), "-c", &format!("{folder}/nginx.conf"), "-g", "daemon off;"]);
        command.args(["-e", &format!("{folder}/error.log")]);
        Ok(command)
    })
}

/// Starts Caddy.
pub fn caddy(site: &Path, name: &str, certificate: &Issued) -> Result<FileServer> {
    start(certificate, |folder, http, https| {
        let serve = format!("bind 127.0.0.1\nroot * {}\nfile_server\n", site.display());
        let tls = format!("tls {0}/chain.pem {0}/key.pem\n", folder.display());
        let (http, https) = (http.port(), https.port());
        let config = format!(
            "{{\nadmin off\nauto_https off\nlog {{\nlevel ERROR\n}}\n}}\nhttp://:{http} {{\n{serve}}}\nhttps://{name}:{https} {{\n{tls}{serve}}}\n"
        );
        fs::write(folder.join("Caddyfile"), config)?;
        let mut command = Command::new("caddy");
        command.args(["run", "--adapter", "caddyfile", "--config"]).arg(folder.join("Caddyfile"));
        command.env("HOME", folder).env("XDG_DATA_HOME", folder).env("XDG_CONFIG_HOME", folder);
        Ok(command)
    })
}

/// Starts what a command says, and waits until it listens.
fn start(certificate: &Issued, command: impl FnOnce(&Path, SocketAddr, SocketAddr) -> Result<Command>) -> Result<FileServer> {
    let folder = tempfile::Builder::new().prefix("bench-web-").tempdir()?;
    fs::write(folder.path().join("chain.pem"), &certificate.chain)?;
    fs::write(folder.path().join("key.pem"), &certificate.key)?;
    // Free now; neither server can say which ports it picked by itself.
    let (one, other) = (TcpListener::bind("127.0.0.1:0")?, TcpListener::bind("127.0.0.1:0")?);
    let (http, https) = (one.local_addr()?, other.local_addr()?);
    drop((one, other));
    let mut command = command(folder.path(), http, https)?;
    let log = fs::File::create(folder.path().join("log"))?;
    let child = command.current_dir(folder.path()).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn()?;
    let process = Process::new(child, http);
    let deadline = Instant::now() + Duration::from_secs(20);
    for address in [http, https] {
        while TcpStream::connect(address).is_err() {
            if Instant::now() > deadline {
                let log = fs::read_to_string(folder.path().join("log")).unwrap_or_default();
                return Err(format!("{:?} does not listen\n{log}", command.get_program()).into());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    Ok(FileServer { http, https, _process: process, _folder: folder })
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}
