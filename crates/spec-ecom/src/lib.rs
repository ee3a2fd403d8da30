//! The ecom chatbot password-change API
