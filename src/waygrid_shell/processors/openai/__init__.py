"""`waygrid://processor/openai`: an answer of a language model. Begin with `processor`."""
