"""The pages of the web application: everything that imports streamlit."""
