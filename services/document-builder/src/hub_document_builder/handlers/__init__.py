"""What document-builder does: documents of authorised acts, the end of acts, previews."""
