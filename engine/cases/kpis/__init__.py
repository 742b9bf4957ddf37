"""The key figures of a company's quality work: each with its definition, its rows and its gaps."""
