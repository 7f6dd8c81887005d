package CPANBridge::Compat::LibXML::Options;

# The options of XML::LibXML's parsers and readers, under all the names that they have had, and the callbacks.
use 5.014;
use strict;
use warnings;

use Carp ();
use CPANBridge::Compat::LibXML::Input ();

our $VERSION = '0.1.0';

my %ALIAS = ( xinclude => 'expand_xinclude', base_uri => 'URI', no_basefix => 'no_base_fix', gdome => 'gdome_dom' );

# Known ones, and whether they are yes or no.
my %FLAG = map { $_ => 1 } qw(
  expand_entities load_ext_dtd complete_attributes validation suppress_errors suppress_warnings pedantic_parser no_blanks
  expand_xinclude no_network clean_namespaces no_cdata no_xinclude_nodes old10 no_base_fix huge oldsax line_numbers
  gdome_dom no_defdtd compact nodict
);
my %OTHER = map { $_ => 1 } qw(URI recover ext_ent_handler catalog);

# What a document refers to is read only if the program has asked for one of these.
my %ASKS = map { $_ => 1 } qw(expand_entities load_ext_dtd complete_attributes validation);

sub new {
    my ( $class, @options ) = @_;
    my $self = bless { options => { expand_entities => 1, load_ext_dtd => 1 } }, ref $class || $class;
    if (@options) { $self->set_options( @options == 1 ? $options[0] : {@options} ) }
    return $self;
}

sub _known { my ($name) = @_; my $own = $ALIAS{$name} || $name; return $FLAG{$own} || $OTHER{$own} ? $own : undef }

sub option_exists { my ( $self, $name ) = @_; return defined _known($name) ? 1 : 0 }

sub get_option {
    my ( $self, $name ) = @_;
    my $own = $ALIAS{$name} || $name;
    return $self->{options}{$own} ? 1 : 0 if $FLAG{$own};
    return $OTHER{$own} ? $self->{options}{$own} : ();
}

sub set_option {
    my ( $self, $name, $value ) = @_;
    my $own = _known($name);
    Carp::croak("XML::LibXML: unrecognized option '$name'") if !defined $own;
    $value = $value ? 1 : 0 if $FLAG{$own};
    $value = defined $value && $value > 2 ? 2 : $value || 0 if $own eq 'recover';
    $self->{options}{$own} = $value;
    $self->{asked}{$own} = $value if $ASKS{$own};
    return $value;
}

sub set_options {
    my ( $self, @options ) = @_;
    my $given = @options == 1 && ref $options[0] eq 'HASH' ? $options[0] : {@options};
    $self->set_option( $_, $given->{$_} ) for sort keys %$given;
    return;
}

# A parser like this one, with other options.
sub _with {
    my ( $self, $options ) = @_;
    my $copy = bless {%$self}, ref $self;
    delete @$copy{qw(pushed parsing)};
    $copy->{options} = { %{ $self->{options} } };
    $copy->{asked}   = { %{ $self->{asked} || {} } };
    $copy->set_options( { map { $_ => $options->{$_} } grep { $_ ne 'encoding' } keys %{ $options || {} } } );
    return $copy;
}

*_clone = \&_with;

# --- methods of the options' names ------------------------------------------------------------------------------------

{
    no strict 'refs';
    for my $name (
        qw(validation recover pedantic_parser line_numbers load_ext_dtd complete_attributes expand_xinclude gdome_dom
        clean_namespaces no_network)
      )
    {
        *$name = sub {
            my ( $self, @value ) = @_;
            return @value ? $self->set_option( $name, $value[0] ) : $self->get_option($name) || 0;
        };
    }
}

sub recover_silently {
    my ( $self, @value ) = @_;
    $self->set_option( recover => $value[0] ? 2 : 0 ) if @value;
    return ( $self->get_option('recover') || 0 ) == 2 ? 1 : 0;
}

sub expand_entities {
    my ( $self, @value ) = @_;
    if (@value) {
        $self->set_option( load_ext_dtd => 1 ) if $value[0];
        $self->set_option( expand_entities => $value[0] );
    }
    return $self->get_option('expand_entities');
}

sub keep_blanks {
    my ( $self, @value ) = @_;
    $self->set_option( no_blanks => !$value[0] ) if @value;
    return $self->get_option('no_blanks') ? 0 : 1;
}

sub base_uri {
    my ( $self, @value ) = @_;
    return @value ? $self->set_option( URI => $value[0] ) : $self->get_option('URI');
}

# --- callbacks --------------------------------------------------------------------------------------------------------

{
    no strict 'refs';
    for my $which (qw(match open read close)) {
        *{"${which}_callback"} = sub {
            my ( $self, @code ) = @_;
            my $place = ref $self ? \$self->{callbacks}{$which} : \${"XML::LibXML::${which}_cb"};
            $$place = $code[0] if @code;
            return $$place;
        };
    }
}

sub callbacks {
    my ( $self, @codes ) = @_;
    if (@codes) {
        @codes = @{ $codes[0] } if @codes == 1 && ref $codes[0] eq 'ARRAY';
        @{ $self->{callbacks} }{qw(match open read close)} = @codes;
    }
    return @{ $self->{callbacks} || {} }{qw(match open read close)};
}

sub input_callbacks {
    my ( $self, $callbacks ) = @_;
    $self->{input_callbacks} = $callbacks if @_ > 1;
    return $self->{input_callbacks};
}

# Where this parser gets what a document refers to.
sub _input {
    my ($self) = @_;
    my @callbacks = $self->{input_callbacks} ? reverse @{ $self->{input_callbacks}{_CALLBACKS} || [] } : ();
    my $own = $self->{callbacks} || {};
    my @own;
    for my $which (qw(match open read close)) {
        no strict 'refs';
        push @own, $own->{$which} || ${"XML::LibXML::${which}_cb"};
    }
    unshift @callbacks, \@own if $own[0];
    return CPANBridge::Compat::LibXML::Input->new(
        callbacks => \@callbacks,
        handler   => $self->{options}{ext_ent_handler},
        files     => $self->{files} || ( grep {$_} values %{ $self->{asked} || {} } ) ? 1 : 0,
    );
}

# The options that the daemon is told.
sub _for_daemon {
    my ( $self, $input, $html ) = @_;
    my $set = $self->{options};
    my %flags = map { $_ => $set->{$_} ? 1 : 0 } $html ? qw(no_blanks no_cdata no_defdtd line_numbers) : qw(
      expand_entities complete_attributes validation no_blanks clean_namespaces no_cdata line_numbers huge
    );
    return \%flags if $html;
    $flags{recover} = $set->{recover} ? 1 : 0;
    $flags{validation} = 0 if $flags{recover} || !$set->{load_ext_dtd};
    my $may = $input->{files} || $input->has_callbacks;
    $flags{load_ext_dtd} = $may && ( $set->{load_ext_dtd} || $flags{validation} || $flags{complete_attributes} ) ? 1 : 0;
    return { map { $_ => $flags{$_} } grep { $flags{$_} || $_ eq 'expand_entities' } keys %flags };
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::LibXML::Options - the options of XML parsers

=head1 DESCRIPTION

The base of our L<XML::LibXML>; programs have no need of it.

Implements methods of L<XML::LibXML>: those of its parser, and those that have the names of its options.

=head1 METHODS

=head2 new

=head2 option_exists

=head2 get_option

=head2 set_option

=head2 set_options

=head2 recover_silently

=head2 expand_entities

=head2 keep_blanks

=head2 base_uri

=head2 callbacks

=head2 input_callbacks

As XML::LibXML's documentation of its parser has them, and so are the methods that have the names of options.

=cut
