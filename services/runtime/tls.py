"""TLS contexts from PEM files, and what is wrong with such a file, told by the name of its variable. Certificates and host names are always checked."""

import ssl
from collections.abc import Callable

from services.runtime.secret import WrongSetting, check_private


def context_of(prefix: str, cafile: str, certfile: str, keyfile: str, password: Callable[[], str] = str) -> ssl.SSLContext:
    """A context that trusts the authorities in `cafile` (empty: the machine's) and shows the certificate in `certfile`, if there is one.

    Args:
        prefix: What the variables of these files begin with, such as `KAFKA_SSL_`.
        cafile: Certificates of authorities.
        certfile: A certificate of our own.
        keyfile: Its key.
        password: What the key is encrypted with, asked for where it is.

    Raises:
        WrongSetting: A file cannot be used, or the key is open to everybody.
    """
    try:
        context = ssl.create_default_context(cafile=cafile or None)
    except OSError as error:
        raise WrongSetting(f"{prefix}CAFILE: expected a PEM file of certificates ({_why(error)})") from None
    if certfile:
        check_private(f"{prefix}KEYFILE", keyfile)
        try:
            context.load_cert_chain(certfile, keyfile, password)
        except OSError as error:
            raise WrongSetting(f"{prefix}CERTFILE: expected a certificate with its key in {prefix}KEYFILE ({_why(error)})") from None
    return context


def _why(error: OSError) -> str:
    """The library's own short word for what is wrong with a file; `ssl.SSLError` is an OSError."""
    return str(getattr(error, "reason", None) or error.strerror or type(error).__name__)
