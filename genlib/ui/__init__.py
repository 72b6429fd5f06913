"""The only part of genlib that imports streamlit: what the pages share."""
