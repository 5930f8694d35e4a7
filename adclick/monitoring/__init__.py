"""Has the world changed since the model was trained: samples, checks, reports and where they go."""
