package CPANBridge::Compat::LibXML::Events;

# Tells a tree as SAX2 events, and is the base of SAX parsers where XML::SAX::Base is not there.
use 5.014;
use strict;
use warnings;
no warnings 'recursion';

use Carp ();
use CPANBridge::Compat::LibXML::Tree qw(:all);

our $VERSION = '0.1.0';

# Where the event that is told ends, for a handler that asks: only lines are known, and only if the tree was parsed for it.
our $LOCATOR;

# Counts the lines of what is told between tags.
sub _pass {
    my ($text) = @_;
    $LOCATOR->{LineNumber} += $text =~ tr/\n// if $LOCATOR && defined $text;
    return;
}

# Calls a method of a handler that has it; a handler may be a class.
sub _say {
    my ( $handler, $event, $data ) = @_;
    my $method = $handler->can($event) or return;
    return $handler->$method($data);
}

# Tells a document, or a node with what is in it; returns what the handler's end_document() gives.
sub tell {
    my ( $object, $handler ) = @_;
    my $node = $object->[0];
    my $is_document = $node->[TYPE] == DOCUMENT || $node->[TYPE] == HTML;
    _say( $handler, start_document => {} );
    if ($is_document) {
        my $facts = $node->[VALUE];
        my $standalone = $facts->{standalone};
        _say(
            $handler,
            xml_decl => {
                Version  => $facts->{version},
                Encoding => $facts->{encoding},
                defined $standalone && $standalone >= 0 ? ( Standalone => $standalone ? 'yes' : 'no' ) : (),
            }
        );
    }
    told( $node, $handler );
    return _say( $handler, end_document => {} );
}

# Tells a node without the document around it.
sub told {
    my ( $node, $handler ) = @_;
    my $type = $node->[TYPE];
    if    ( $type == ELEMENT ) { _element( $node, $handler ) }
    elsif ( $type == TEXT )    { _pass( $node->[VALUE] ); _say( $handler, characters => { Data => $node->[VALUE] } ) }
    elsif ( $type == CDATA ) {
        _pass( $node->[VALUE] );
        _say( $handler, start_cdata => {} );
        _say( $handler, characters  => { Data => $node->[VALUE] } );
        _say( $handler, end_cdata   => {} );
    }
    elsif ( $type == COMMENT ) { _pass( $node->[VALUE] ); _say( $handler, comment => { Data => $node->[VALUE] } ) }
    elsif ( $type == PI ) { _pass( $node->[VALUE] ); _say( $handler, processing_instruction => { Target => $node->[NAME], Data => defined $node->[VALUE] ? $node->[VALUE] : '' } ) }
    elsif ( $type == ENTITYREF ) { _say( $handler, entity_reference => { Name => $node->[NAME], Value => text_of($node) } ) }
    elsif ( $type == DTD ) {
        my $facts = $node->[VALUE];
        my $data  = { Name => $node->[NAME], PublicId => $facts->{public}, SystemId => $facts->{system} };
        _say( $handler, start_dtd => $data );
        _say( $handler, end_dtd   => $data );
    }
    else { told( $_, $handler ) for @{ kids($node) || [] } }
    return;
}

sub _names {
    my ($node) = @_;
    my $ns = $node->[NS];
    return (
        Name => qname($node), LocalName => $node->[NAME],
        Prefix       => $ns && defined $ns->[1] ? $ns->[0] : '',
        NamespaceURI => $ns && defined $ns->[1] ? $ns->[1] : '',
    );
}

sub _element {
    my ( $node, $handler ) = @_;
    my ( %attributes, @mappings );
    for my $ns ( @{ $node->[DECLS] || [] } ) {
        next if !defined $ns->[1];
        push @mappings, { Prefix => $ns->[0], NamespaceURI => $ns->[1] };
        my $local = length $ns->[0] ? $ns->[0] : 'xmlns';
        $attributes{ '{' . XMLNS_NS . "}$local" } = {
            Name      => length $ns->[0] ? "xmlns:$ns->[0]" : 'xmlns',
            LocalName => $local, Prefix => length $ns->[0] ? 'xmlns' : '',
            NamespaceURI => XMLNS_NS, Value => $ns->[1],
        };
    }
    for my $attribute ( @{ attrs($node) || [] } ) {
        my %names = _names($attribute);
        $attributes{"{$names{NamespaceURI}}$names{LocalName}"} = { %names, Value => attribute_value($attribute) };
    }
    $LOCATOR->{LineNumber} = $node->[LINE] if $LOCATOR && $node->[LINE];
    _say( $handler, start_prefix_mapping => $_ ) for @mappings;
    my %names = _names($node);
    _say( $handler, start_element => { %names, Attributes => \%attributes } );
    told( $_, $handler ) for @{ kids($node) || [] };
    _say( $handler, end_element => {%names} );
    _say( $handler, end_prefix_mapping => $_ ) for reverse @mappings;
    return;
}

# --- a base for parsers -----------------------------------------------------------------------------------------------

sub new {
    my ( $class, @options ) = @_;
    my %options = @options == 1 && ref $options[0] eq 'HASH' ? %{ $options[0] } : @options;
    return bless {%options}, ref $class || $class;
}

sub get_handler { return $_[0]{Handler} }
sub set_handler { my ( $self, $handler ) = @_; $self->{Handler} = $handler; return }

sub parse {
    my ( $self, @options ) = @_;
    my %options = @options == 1 && ref $options[0] eq 'HASH' ? %{ $options[0] } : @options;
    my $source = $options{Source} || \%options;
    local @$self{ keys %options } = values %options;
    return $self->_parse_characterstream( $source->{CharacterStream}, \%options ) if defined $source->{CharacterStream};
    return $self->_parse_bytestream( $source->{ByteStream}, \%options ) if defined $source->{ByteStream};
    return $self->_parse_string( $source->{String}, \%options ) if defined $source->{String};
    return $self->_parse_systemid( $source->{SystemId}, \%options ) if defined $source->{SystemId};
    return Carp::croak('parse: there is no Source');
}

sub parse_file { my ( $self, $file, %options ) = @_; return $self->parse( %options, Source => ref $file ? { ByteStream => $file } : { SystemId => $file } ) }
sub parse_uri { my ( $self, $uri, %options ) = @_; return $self->parse( %options, Source => { SystemId => $uri } ) }
sub parse_string { my ( $self, $string, %options ) = @_; return $self->parse( %options, Source => { String => $string } ) }

{
    no strict 'refs';
    for my $event (
        qw(start_document end_document start_element end_element characters comment processing_instruction start_cdata
        end_cdata start_prefix_mapping end_prefix_mapping start_dtd end_dtd xml_decl entity_reference warning error
        fatal_error set_document_locator)
      )
    {
        *$event = sub { my ( $self, $data ) = @_; return $self->{Handler} ? _say( $self->{Handler}, $event, $data ) : undef };
    }
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::LibXML::Events - SAX events of a tree

=head1 DESCRIPTION

Used by our L<XML::LibXML>; programs have no need of it.

Implements methods of L<XML::SAX::Base|https://metacpan.org/pod/XML::SAX::Base>: those of parsers, and the events.

=head1 FUNCTIONS

=head2 tell

    my $result = tell( $document, $handler );

With C<$LOCATOR>, a document locator of SAX, the handler's C<set_document_locator> has been called, and its C<LineNumber> is kept.

=head2 told

    told( $node, $handler );

Without start and end of a document.

=head1 METHODS

Of parsers, as L<XML::SAX::Base|https://metacpan.org/pod/XML::SAX::Base> has them.

=head2 new

=head2 get_handler

=head2 set_handler

=head2 parse

=head2 parse_file

=head2 parse_uri

=head2 parse_string

=cut
