"""Pages of HTML that show people an ad log, an encoder, a model, an evaluation and a decision."""
