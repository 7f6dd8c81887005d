package XML::XPath::XMLParser;

use 5.014;
use strict;
use warnings;

use Carp ();

use XML::Parser;
use XML::XPath::Node;
use XML::XPath::Node::Attribute;
use XML::XPath::Node::Comment;
use XML::XPath::Node::Element;
use XML::XPath::Node::Namespace;
use XML::XPath::Node::PI;
use XML::XPath::Node::Text;

our $VERSION = '1.48';

$Carp::Internal{ (__PACKAGE__) }++;

sub new { my ( $class, %args ) = @_; return bless {%args}, $class }

for my $field (qw(parser filename xml ioref)) {
    no strict 'refs';
    *{"get_$field"} = sub { return $_[0]{$field} };
    *{"set_$field"} = sub { my ( $self, $value ) = @_; $self->{$field} = $value; return };
}

# Returns the root.
sub parse {
    my ( $self, $source ) = @_;
    return $self->_parse( parse => defined $source ? $source : defined $self->{xml} ? $self->{xml} : $self->{ioref} )
      if defined $source || defined $self->{xml} || defined $self->{ioref};
    return $self->parsefile( $self->{filename} ) if defined $self->{filename};
    die "XML::XPath has no document: give it filename, xml, ioref or context\n";
}

sub parsefile { my ( $self, $file ) = @_; return $self->_parse( parsefile => $file ) }

sub _parse {
    my ( $self, $method, $source ) = @_;

    # A parser of the program's own may read external entities; ours leaves them out.
    my $parser = $self->{parser} || XML::Parser->new( ErrorContext => 2, Handlers => { ExternEnt => sub { return '' } } );
    my $root = XML::XPath::Node::Element->new;
    my %id_of;
    my $top = $root;
    my @old = $parser->setHandlers(
        Init  => sub { },
        Final => sub { return $root },
        Start => sub { my ( $expat, $name, @attributes ) = @_; $top = _start( $root, $top, \%id_of, $name, @attributes ); return },
        End   => sub { $top = $top->{parent}; return },
        Char  => sub {
            my ( $expat, $text ) = @_;
            my $last = $top->{children}[-1];
            if ( $last && defined $last->{text} ) { $last->{text} .= $text }
            else                                  { _add( $top, XML::XPath::Node::Text->new($text) ) }
            return;
        },
        Comment => sub { _add( $top, XML::XPath::Node::Comment->new( $_[1] ) ); return },
        Proc    => sub { _add( $top, XML::XPath::Node::PI->new( @_[ 1, 2 ] ) ); return },
        Attlist => sub { my ( $expat, $element, $name, $type ) = @_; $id_of{$element} = $name if $type eq 'ID'; return },
    );
    my $done  = eval { $parser->$method($source); 1 };
    my $error = $@;
    $parser->setHandlers(@old);
    die $error if !$done;
    return $root;
}

sub _add {
    my ( $parent, $node, $list ) = @_;
    $node->setParentNode($parent);
    push @{ $parent->{ $list || 'children' } }, $node;
    return $node;
}

sub _start {
    my ( $root, $parent, $id_of, $name, @attributes ) = @_;
    my $element = _add( $parent, XML::XPath::Node::Element->new( $name, $name =~ /\A([^:]+):/ ? $1 : undef ) );
    while (@attributes) {
        my ( $key, $value ) = splice @attributes, 0, 2;
        if ( $key =~ /\Axmlns(?::(.*))?\z/ ) {
            _add( $element, XML::XPath::Node::Namespace->new( $1, $value ), 'namespaces' );
        }
        else {
            _add( $element, XML::XPath::Node::Attribute->new( $key, $value, $key =~ /\A([^:]+):/ ? $1 : undef ), 'attributes' );
            $root->appendIdElement( $value, $element ) if defined $id_of->{$name} && $id_of->{$name} eq $key;
        }
    }
    return $element;
}

sub as_string { my ($node) = @_; return $node->toString }

1;

__END__

=head1 NAME

XML::XPath::XMLParser - makes the tree of a document

=head1 SYNOPSIS

    my $root = XML::XPath::XMLParser->new( filename => 'servers.xml' )->parse;
    print XML::XPath::XMLParser::as_string($root);

=head1 WHAT IS COVERED

C<new> with C<filename>, C<xml>, C<ioref> and C<parser>, methods to get and set each of them, C<parse>, C<parsefile>, and the function
C<as_string>.

External entities and the external subset of a DTD are left out, unless C<parser> is an L<XML::Parser> of the program's own that
reads them; the original reads them always.

=head1 WHAT IS NOT COVERED

Nodes are hashes, not the arrays that the original's documentation describes; use their methods.

=cut
