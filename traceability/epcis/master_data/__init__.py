"""Master data of partners: what documents say in their headers of places, products and parties."""
