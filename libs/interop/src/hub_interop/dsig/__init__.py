"""XML signatures: the signer contract, certificate names, and the DSG signature of a submission set."""
