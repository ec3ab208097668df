"""Pneumo's web application: Streamlit's, and the address that takes dropped files.

Start it with `streamlit run streamlit_app.py`, which finds `app` here and serves it.
"""

from streamlit.starlette import App

from ui.receive import route

app = App("ui/pages.py", routes=[route()])
