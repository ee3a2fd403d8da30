//! The C library, loaded at run time if it is installed.
#![allow(unsafe_code, reason = "a C library")]

use std::cell::RefCell;
use std::ffi::{c_int, c_void};
use std::hint::black_box;
use std::ptr;

use repass_argon2::Block;

use crate::contender::{PASSWORD, Profile, SALT};

type HashRaw = unsafe extern "C" fn(
    passes: u32,
    memory_kib: u32,
    lanes: u32,
    password: *const c_void,
    password_length: usize,
    salt: *const c_void,
    salt_length: usize,
    tag: *mut c_void,
    tag_length: usize,
) -> c_int;
type HashContext = unsafe extern "C" fn(context: *mut Context) -> c_int;

/// `argon2_context` of the library's header.
#[repr(C)]
struct Context {
    out: *mut u8,
    out_length: u32,
    password: *const u8,
    password_length: u32,
    salt: *const u8,
    salt_length: u32,
    secret: *const u8,
    secret_length: u32,
    data: *const u8,
    data_length: u32,
    passes: u32,
    memory_kib: u32,
    lanes: u32,
    threads: u32,
    version: u32,
    allocate: unsafe extern "C" fn(*mut *mut u8, usize) -> c_int,
    free: extern "C" fn(*mut u8, usize),
    flags: u32,
}

thread_local! {
    static MEMORY: RefCell<Vec<Block>> = const { RefCell::new(Vec::new()) };
}

unsafe extern "C" fn allocate(memory: *mut *mut u8, bytes: usize) -> c_int {
    MEMORY.with_borrow_mut(|blocks| {
        if blocks.len() * Block::SIZE < bytes {
            blocks.resize(bytes.div_ceil(Block::SIZE), Block::new());
        }
        // SAFETY: the library passes a valid pointer to write to.
        unsafe { memory.write(blocks.as_mut_ptr().cast()) };
    });
    0
}

extern "C" fn free(_: *mut u8, _: usize) {}

#[derive(Clone, Copy)]
pub(crate) struct Library {
    raw: HashRaw,
    context: HashContext,
}

impl Library {
    pub(crate) fn find() -> Option<Self> {
        ["libargon2.so.1", "libargon2.so", "libargon2.dylib"].into_iter().find_map(|name| {
            // SAFETY: the library has no initializers, the function types are those of its header,
            // and it is never unloaded.
            unsafe {
                let library = Box::leak(Box::new(libloading::Library::new(name).ok()?));
                let raw = *library.get::<HashRaw>(b"argon2id_hash_raw\0").ok()?;
                let context = *library.get::<HashContext>(b"argon2id_ctx\0").ok()?;
                Some(Self { raw, context })
            }
        })
    }

    pub(crate) fn allocating(self, profile: &Profile) -> Box<dyn FnMut()> {
        let Profile { memory_kib, passes, lanes } = *profile;
        Box::new(move || {
            let mut tag = [0_u8; 32];
            // SAFETY: every pointer is valid for its length.
            let status = unsafe {
                (self.raw)(
                    passes,
                    memory_kib,
                    lanes,
                    PASSWORD.as_ptr().cast(),
                    PASSWORD.len(),
                    SALT.as_ptr().cast(),
                    SALT.len(),
                    tag.as_mut_ptr().cast(),
                    tag.len(),
                )
            };
            assert_eq!(status, 0);
            black_box(tag);
        })
    }

    pub(crate) fn reusing(self, profile: &Profile) -> Box<dyn FnMut()> {
        let Profile { memory_kib, passes, lanes } = *profile;
        Box::new(move || {
            let mut tag = [0; 32];
            let mut context = Context {
                out: tag.as_mut_ptr(),
                out_length: 32,
                password: PASSWORD.as_ptr(),
                password_length: PASSWORD.len() as u32,
                salt: SALT.as_ptr(),
                salt_length: SALT.len() as u32,
                secret: ptr::null(),
                secret_length: 0,
                data: ptr::null(),
                data_length: 0,
                passes,
                memory_kib,
                lanes,
                // As for the other contenders: parallel hashes, not parallel lanes.
                threads: 1,
                version: 0x13,
                allocate,
                free,
                flags: 0,
            };
            // SAFETY: every pointer is valid for its length; with these flags the library does not
            // write to the password.
            assert_eq!(unsafe { (self.context)(&raw mut context) }, 0);
            black_box(tag);
        })
    }
}
