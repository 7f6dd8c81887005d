package XML::LibXML::SAX;

use 5.014;
use strict;
use warnings;

use CPANBridge::Compat::LibXML::Events ();
use XML::LibXML ();

our $VERSION = '2.0134';
our @ISA = eval { local $SIG{__DIE__}; require XML::SAX::Base; 1 } ? ('XML::SAX::Base') : ('CPANBridge::Compat::LibXML::Events');

sub set_feature {
    my ( $self, $feature, $value ) = @_;
    if ( $feature eq 'http://xmlns.perl.org/sax/join-character-data' ) { $self->{JoinCharacters} = $value; return 1 }
    return $self->can('SUPER::set_feature') ? $self->SUPER::set_feature( $feature, $value ) : undef;
}

# The parser below, with this one's options.
sub _parser {
    my ($self) = @_;
    return $self->{ParserOptions}{LibParser} ||= XML::LibXML->new;
}

# Whether a handler does something of its own with a document locator.
sub _wants_places {
    my ($self) = @_;
    my $passes_on = XML::SAX::Base->can('set_document_locator');
    for my $handler ( grep { defined } @$self{qw(Handler ContentHandler DocumentHandler)} ) {
        my $own = $handler->can('set_document_locator');
        return 1 if $own && ( !$passes_on || $own != $passes_on );
    }
    return 0;
}

# Documents are parsed whole; then their events are told.
sub _told {
    my ( $self, $parse ) = @_;
    my $parser = $self->_parser;
    local $CPANBridge::Compat::LibXML::Events::LOCATOR;
    if ( $self->_wants_places ) {
        $parser = $parser->_with( { line_numbers => 1 } );
        $CPANBridge::Compat::LibXML::Events::LOCATOR = { LineNumber => 1, ColumnNumber => 1 };
    }
    my $document;
    {
        local $@;
        if ( !eval { $document = $parse->($parser); 1 } ) {
            my $error = $@;
            $self->fatal_error( { Message => "$error", Exception => $error } ) if $self->can('fatal_error');
            die $error;
        }
    }
    if ( my $locator = $CPANBridge::Compat::LibXML::Events::LOCATOR ) {
        @$locator{qw(Encoding XMLVersion SystemId)} = ( $document->encoding, $document->version, $document->URI );
        $self->set_document_locator($locator);
    }
    return CPANBridge::Compat::LibXML::Events::tell( $document, $self );
}

sub _parse_characterstream { my ( $self, $handle ) = @_; return $self->_told( sub { $_[0]->parse_fh($handle) } ) }
sub _parse_bytestream      { my ( $self, $handle ) = @_; return $self->_told( sub { $_[0]->parse_fh($handle) } ) }
sub _parse_string          { my ( $self, $string ) = @_; return $self->_told( sub { $_[0]->parse_string($string) } ) }
sub _parse_systemid        { my ( $self, $name ) = @_; return $self->_told( sub { $_[0]->parse_file($name) } ) }

# A part of a document, without start and end of one.
sub parse_chunk {
    my ( $self, $chunk ) = @_;
    my $fragment = $self->_parser->parse_balanced_chunk($chunk);
    CPANBridge::Compat::LibXML::Events::told( $fragment->[0], $self );
    return;
}

1;

__END__

=encoding utf8

=head1 NAME

XML::LibXML::SAX - a SAX parser (CPANBridge's replacement)

=head1 DESCRIPTION

Part of L<XML::LibXML>, which says what is covered. A document is parsed whole before its first event is told. Of
places a document locator tells the line in which an event ends; its column is always 1. L<XML::SAX::Base|https://metacpan.org/pod/XML::SAX::Base> is used where it is there, and not needed.

=cut
