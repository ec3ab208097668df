"""The library behind Pneumo: reading films, the model, and its maps. It knows neither Streamlit nor training."""
