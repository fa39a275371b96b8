"""A model on another server as this service's engine: whatever speaks OpenAI's completions."""
