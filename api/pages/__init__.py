"""Pages for exporters and buyers: server-rendered, English and Chinese."""
