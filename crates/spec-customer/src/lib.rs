//! The customer (ASP.NET) password-change API in JSON, XML and form
