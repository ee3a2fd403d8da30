//! The pages in a browser: headless Chromium, driven by WebDriver.
// clippy's exception for tests covers test functions, not what they call.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod accessibility;
mod appearance;
mod browser;
mod chromedriver;
mod flows;
mod keyboard;
mod password_managers;
mod privacy;
mod site;
mod states;
mod webdriver;
mod without_scripts;
