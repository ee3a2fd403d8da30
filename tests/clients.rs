//! The admin API as programs in other languages see it: clients and requests that are generated
//! from its OpenAPI document.
//!
//! The generators are npm and PyPI packages of pinned versions, which are installed below the target
//! folder. If that is impossible, the tests are reported as ignored.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use libtest_mimic::{Arguments, Completion, Trial};
use repass_tests::{AdminApi, Server, binary, workspace};
use serde_json::Value;
use tempfile::TempDir;

type Packages = LazyLock<Result<PathBuf, String>>;

static NPM: Packages = LazyLock::new(|| {
    if cfg!(node_missing) {
        return Err("needs Node 18 or later".to_owned());
    }
    install("typescript", "npm", "package-lock.json", |folder| {
        fs::copy(source("typescript/package.json"), folder.join("package.json")).unwrap();
        let mut npm = Command::new("npm");
        npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1"]);
        vec![npm]
    })
});

static PYPI: Packages = LazyLock::new(|| {
    install("python", "python3", "requirements.txt", |folder| {
        let mut venv = Command::new("python3");
        venv.args(["-m", "venv", "--clear", "venv"]);
        let mut pip = Command::new(folder.join("venv/bin/python"));
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--retries=1"]);
        pip.args(["--no-deps", "--requirement", "requirements.txt"]);
        vec![venv, pip]
    })
});

fn main() {
    let trials = vec![
        trial("typescript::the_bodies_of_the_vendors_have_types", &NPM, vendors_in_typescript),
        trial("typescript::a_client_uses_the_admin_api", &NPM, client_in_typescript),
        trial("python::a_client_uses_the_admin_api", &PYPI, client_in_python),
        trial("schemathesis::no_answer_is_a_fault_or_undescribed", &PYPI, fuzz),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

fn trial(name: &str, packages: &'static Packages, test: fn(&Path)) -> Trial {
    Trial::ignorable_test(name, move || match &**packages {
        Err(reason) => Ok(Completion::ignored_with(reason)),
        Ok(folder) => {
            test(folder);
            Ok(Completion::Completed)
        }
    })
}

/// Installs packages in a folder of their own, unless those of this lock file and this version of
/// the program are there.
fn install(
    name: &str,
    program: &str,
    lock: &str,
    commands: impl FnOnce(&Path) -> Vec<Command>,
) -> Result<PathBuf, String> {
    let version = Command::new(program).arg("--version").output();
    let version = version.map_err(|_| format!("needs {program}"))?.stdout;
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("clients").join(name);
    fs::create_dir_all(&folder).unwrap();
    // Another run of the tests may install them too.
    let guard = File::create(folder.join("guard")).unwrap();
    guard.lock().unwrap();
    let lock_file = source(name).join(lock);
    let wanted = [version, fs::read(&lock_file).unwrap()].concat();
    let installed = folder.join("installed");
    if fs::read(&installed).is_ok_and(|own| own == wanted) {
        return Ok(folder);
    }
    fs::copy(lock_file, folder.join(lock)).unwrap();
    for mut command in commands(&folder) {
        let output = command.current_dir(&folder).output().map_err(|error| error.to_string())?;
        if !output.status.success() {
            let told = [output.stderr, output.stdout].concat();
            let told = String::from_utf8_lossy(&told);
            let reason = told.lines().find(|line| !line.starts_with("WARNING"));
            let reason = reason.unwrap_or_default();
            return Err(format!("{program} cannot install packages: {reason}"));
        }
    }
    fs::write(installed, wanted).unwrap();
    Ok(folder)
}

fn source(path: &str) -> PathBuf {
    workspace().join("tests/clients").join(path)
}

/// Runs a command, asserts that it succeeds, and returns its output.
#[track_caller]
fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let told = [output.stdout, output.stderr].concat();
    let told = String::from_utf8_lossy(&told).into_owned();
    assert!(output.status.success(), "{command:?}\n{told}");
    told
}

/// Writes a document that `repassd openapi` prints, and returns its file.
fn write_document(arguments: &[&str], folder: &Path) -> PathBuf {
    let document = run(Command::new(binary("repassd")).arg("openapi").args(arguments));
    let file = folder.join("openapi.json");
    fs::write(&file, document).unwrap();
    file
}

/// A server, and the id of its account. The trail has a record of an action and an outcome that no
/// client knows.
struct TestContext {
    server: Server,
    api: AdminApi,
    account: String,
    runtime: tokio::runtime::Runtime,
}

impl TestContext {
    fn start() -> Self {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let (server, api, account) = runtime.block_on(async {
            let admin = "[admin_api]\nlisten = '127.0.0.1:0'\nallow_setting_passwords = true\n";
            let server = Server::builder().only("zap").tables(admin).start().await;
            let operator = server.operator().await;
            let account = operator.add("zap", "kim").await.account.id;
            let unknown = "UPDATE @audit SET action = 'account.future', outcome = 'unheard-of' \
                           WHERE action = 'account.add'";
            server.database().execute(unknown).await;
            let api = AdminApi::of(&server, &operator).await;
            (server, api, account.to_string())
        });
        Self { server, api, account, runtime }
    }

    fn url(&self) -> String {
        format!("http://{}", self.api.client.address())
    }

    /// Runs a client.
    #[track_caller]
    fn run(&self, command: &mut Command) {
        run(command.args([&self.url(), &self.account]).env("ADMIN_KEY", &self.api.key));
    }
}

/// Generates types from a document, and compiles a program that uses them. The folder is below that
/// of the packages, since modules are searched in the parents of a folder.
#[track_caller]
fn compile(packages: &Path, document: &[&str], types: &str, program: &str) -> TempDir {
    let folder = tempfile::tempdir_in(packages).unwrap();
    for file in [program, "tsconfig.json"] {
        fs::copy(source("typescript").join(file), folder.path().join(file)).unwrap();
    }
    let programs = packages.join("node_modules/.bin");
    let mut generator = Command::new(programs.join("openapi-typescript"));
    generator.arg(write_document(document, folder.path())).args(["--output", types]);
    run(generator.current_dir(&folder));
    run(Command::new(programs.join("tsc")).current_dir(&folder));
    folder
}

fn vendors_in_typescript(packages: &Path) {
    compile(packages, &["--all"], "vendors-api.ts", "vendors.ts");
}

fn client_in_typescript(packages: &Path) {
    let folder = compile(packages, &["admin"], "admin.ts", "client.ts");
    TestContext::start().run(Command::new("node").arg("client.js").current_dir(&folder));
}

fn python(packages: &Path) -> Command {
    Command::new(packages.join("venv/bin/python"))
}

fn client_in_python(packages: &Path) {
    let folder = tempfile::tempdir().unwrap();
    let document = write_document(&["admin"], folder.path());
    let mut generator = python(packages);
    generator.args(["-m", "openapi_python_client", "generate", "--meta", "none", "--path"]);
    generator.arg(document).args(["--output-path", "admin_client"]);
    let told = run(generator.current_dir(&folder));
    // It knows no body of this type.
    let left_out: Vec<&str> =
        told.lines().filter_map(|line| line.strip_prefix("WARNING parsing ")).collect();
    assert_eq!(left_out.len(), 1, "{told}");
    assert!(left_out[0].starts_with("POST /admin/v1/realms/{realm}/accounts:import "), "{told}");
    let mut client = python(packages);
    client.arg(source("python/client.py")).env("PYTHONPATH", folder.path());
    TestContext::start().run(&mut client);
}

/// The checks of schemathesis that say something about every answer.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_headers_conformance,response_schema_conformance";

/// The number of requests is bounded and they are the same in every run.
fn fuzz(packages: &Path) {
    let test = TestContext::start();
    let folder = tempfile::tempdir().unwrap();
    let document = write_document(&["admin"], folder.path());
    let account = &test.account;
    let config = format!("[parameters]\n'path.realm' = 'zap'\n'path.id' = '{account}'\n");
    fs::write(folder.path().join("schemathesis.toml"), config).unwrap();
    let mut schemathesis = python(packages);
    schemathesis.args(["-m", "schemathesis.cli", "run", "--no-color", "--seed=1"]);
    schemathesis.args(["--max-examples=20", "--generation-database=none", "--request-timeout=30"]);
    schemathesis.args(["--checks", CHECKS, "--url", &test.url(), "--header"]);
    schemathesis.arg(format!("Authorization: Bearer {}", test.api.key)).arg(&document);
    schemathesis.env("SCHEMATHESIS_HOOKS", source("python/schemathesis_hooks.py"));
    let told = run(schemathesis.current_dir(&folder));
    let document: Value = serde_json::from_slice(&fs::read(document).unwrap()).unwrap();
    let items = document["paths"].as_object().unwrap().values();
    let operations = items.flat_map(|item| item.as_object().unwrap().values());
    let count = operations.filter(|operation| operation["operationId"].is_string()).count();
    assert!(told.contains(&format!("Tested: {count}\n")), "{told}");
    let stopped = test.runtime.block_on(test.server.stop());
    assert!(stopped.status.success() && !stopped.log.contains("repass::fault"), "{}", stopped.log);
}
